"""The generated Kubernetes objects satisfy their published schemas; what does not is named."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.check.kubernetes.checking import (
    FOLDERS,
    MOST_ANNOTATION_BYTES,
    MOST_BYTES,
    check_kubernetes,
    problems,
)
from compose.check.kubernetes.published import SCHEMAS
from compose.check.kubernetes.trimming import trimmed
from tests.compose.check.repository import TOP, RepositoryCopy

ALERTS, BOARDS = (TOP / folder for folder in FOLDERS)
Change = Callable[[dict[str, Any]], object]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


RULE = read(ALERTS / "sightline.prometheusrule.yaml")
POD = read(ALERTS / "sightline-web.podmonitor.yaml")
SERVICE = read(ALERTS / "sightline-jaeger.servicemonitor.yaml")
ROUTES = read(ALERTS / "sightline.alertmanagerconfig.yaml")
MANAGER = read(ALERTS / "sightline.alertmanager.yaml")
BOARD = read(BOARDS / "sightline-home.configmap.yaml")


def test_what_is_generated_is_valid(repository: RepositoryCopy) -> None:
    assert repository.says(check_kubernetes) == []
    kinds = {read(file)["kind"] for folder in FOLDERS for file in (TOP / folder).glob("*")}
    assert kinds == {file.stem for file in SCHEMAS.glob("*.json")}


@pytest.mark.parametrize(
    ("valid", "change", "complaint"),
    [
        (RULE, lambda it: it["spec"]["groups"][0].update(every="30s"), "'every' was unexpected"),
        (RULE, lambda it: it["spec"]["groups"][0].update(interval="often"), "does not match"),
        (RULE, lambda it: it["spec"]["groups"][1]["rules"][0].update({"for": 2}), "for: 2 is not"),
        (RULE, lambda it: it["spec"]["groups"][0]["rules"][0].pop("expr"), "'expr' is a required"),
        (RULE, lambda it: it["spec"]["groups"].append(it["spec"]["groups"][0]), "twice"),
        (RULE, lambda it: it.update(apiVersion="v1"), "apiVersion"),
        (POD, lambda it: it["spec"].pop("selector"), "'selector' is a required property"),
        (POD, lambda it: it["spec"]["podMetricsEndpoints"][0].update(ports="m"), "'ports' was"),
        (SERVICE, lambda it: it["spec"]["endpoints"][0].update(scheme="gopher"), "not one of"),
        (SERVICE, lambda it: it["spec"].update(podMetricsEndpoints=[]), "unexpected"),
        (ROUTES, lambda it: it["spec"]["route"].update(group_by=["job"]), "'group_by' was"),
        (ROUTES, lambda it: it["spec"]["inhibitRules"][0]["sourceMatch"][0].update(matchType="~"),
         "not one of"),
        (ROUTES, lambda it: it["spec"]["receivers"][0]["emailConfigs"][0].update(requireTLS="no"),
         "requireTLS: 'no' is not of type 'boolean'"),
        (ROUTES, lambda it: it["spec"].update(muteTimeIntervals=[{"name": "rest", "timeIntervals":
         [{"weekdays": ["Payday"]}]}]), "'Payday' does not match"),
        (MANAGER, lambda it: it["spec"].update(replicas="two"), "replicas: 'two' is not"),
        (MANAGER, lambda it: it["spec"]["alertmanagerConfiguration"].update(names="x"), "'names'"),
        (BOARD, lambda it: it["data"].update(number=1), "data.number: 1 is not of type 'string'"),
        (BOARD, lambda it: it["metadata"].update(label={}), "metadata: Additional properties"),
        (BOARD, lambda it: it["metadata"].update(name="No Name"), "is no name of an object"),
        (BOARD, lambda it: it["metadata"]["labels"].update(of="two words"), "no value of a label"),
        (BOARD, lambda it: it["data"].update({"a/b.json": ""}), "'a/b.json' is no key"),
        (BOARD, lambda it: it.pop("metadata"), "'metadata' is a required property"),
        (BOARD, lambda it: it.update(kind="Secret"), "no schema is known of the kind 'Secret'"),
        (BOARD, lambda it: it.update(kind=["ConfigMap"]), "no schema is known"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(valid: dict[str, Any], change: Change, complaint: str) -> None:
    spoilt = copy.deepcopy(valid)
    change(spoilt)

    found = list(problems(spoilt))

    assert any(complaint in line for line in found), found


@pytest.mark.parametrize(("size", "is_said"), [(MOST_BYTES, False), (MOST_BYTES + 1, True)])
def test_a_config_map_has_a_size(size: int, is_said: bool) -> None:  # noqa: FBT001  # a table
    found = list(problems({**BOARD, "data": {"board.json": "ü" * (size // 2) + "." * (size % 2)}}))

    assert any("a ConfigMap takes 1,048,576" in line for line in found) is is_said


def test_an_object_must_fit_into_the_annotation_that_apply_keeps_it_in() -> None:
    most = MOST_ANNOTATION_BYTES
    found = list(problems({**BOARD, "data": {"board.json": "." * most}}))
    metadata = {**BOARD["metadata"], "annotations": {"note": "." * most}}
    noted = list(problems({**BOARD, "metadata": metadata}))
    escaped = list(problems({**BOARD, "data": {"board.json": '"' * (most // 2)}}))

    for said in (found, noted, escaped):
        assert len(said) == 1
        assert "kubectl apply" in said[0]


def test_two_files_of_one_object_are_found(repository: RepositoryCopy) -> None:
    first = f"{FOLDERS[1]}/sightline-home.configmap.yaml"
    text = (repository.root / first).read_text(encoding="utf-8")
    (repository.root / FOLDERS[1] / "z.yaml").write_text(text, encoding="utf-8")

    again = f"{FOLDERS[1]}/z.yaml: has the kind and the name of {first}"
    assert repository.says(check_kubernetes) == [again]


def test_a_folder_without_objects_is_found(repository: RepositoryCopy) -> None:
    for file in (repository.root / FOLDERS[0]).glob("*"):
        file.unlink()

    assert repository.says(check_kubernetes) == [f"{FOLDERS[0]}: holds no object"]


def test_trimming_closes_objects_and_keeps_what_is_said_of_them() -> None:
    twice = {"type": "object", "properties": {"a": {"type": "string", "pattern": "x" * 120}}}
    published = {
        "description": "Prose.",
        "properties": {
            "description": {"type": "string", "description": "A field of that name."},
            "port": {"x-kubernetes-int-or-string": True},
            "first": twice,
            "second": {"items": twice, "type": "array"},
            "open": {"properties": {}, "x-kubernetes-preserve-unknown-fields": True},
            "of": {"allOf": [{"$ref": "#/components/schemas/io.Part"}], "default": {}},
        },
    }

    small = trimmed(published, {"io.Part": {"type": "string"}})

    fields = small["properties"]
    assert small["additionalProperties"] is False
    assert "description" not in small
    assert fields["description"] == {"type": "string"}
    assert fields["port"] == {"type": ["integer", "string"]}
    assert fields["of"] == {"type": "string"}
    assert fields["open"] == {"properties": {}}
    assert fields["first"] == fields["second"]["items"]
    (name,) = (name for name in small["$defs"] if fields["first"]["$ref"].endswith(name))
    assert small["$defs"][name]["additionalProperties"] is False
