"""Judge every generated object: its schema, its name, and the sizes that a cluster takes."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from compose.check.findings import Finding
from compose.check.kubernetes.published import SCHEMAS
from compose.check.kubernetes.trimming import LIST_KEYS
from compose.check.project import Project

FOLDERS: Final = ("alerts/generated/kubernetes", "dashboards/generated/kubernetes")

MOST_BYTES: Final = 1024 * 1024
"""Of the data of a ConfigMap: what the API server takes."""

MOST_ANNOTATION_BYTES: Final = 262_144
"""Of all annotations of an object; `kubectl apply` keeps the object that it sent in one."""

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LABEL: Final = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_ANY_CASE: Final = "(?i)"
_KEY: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")


def check_kubernetes(project: Project) -> Iterator[Finding]:
    """Yield what the objects' schemas and a cluster's limits refuse."""
    named: dict[tuple[str, str], str] = {}
    for folder in FOLDERS:
        files = sorted((project.root / folder).glob("*.yaml"))
        if not files:
            yield Finding(folder, "holds no object")
        for file in files:
            where = project.relative(file)
            found = yaml.safe_load(file.read_text(encoding="utf-8"))
            faults = list(problems(found))
            yield from (Finding(where, fault) for fault in faults)
            if not faults:
                other = named.setdefault((found["kind"], found["metadata"]["name"]), where)
                if other != where:
                    yield Finding(where, f"has the kind and the name of {other}")


def problems(found: Any) -> Iterator[str]:  # noqa: ANN401  # whatever the file holds
    """Yield what is wrong with an object, one line each."""
    kind = found.get("kind") if isinstance(found, dict) else None
    schema = _schema(kind)
    if schema is None:
        yield f"no schema is known of the kind {kind!r}"
        return
    refused = False
    for error in sorted(_Validator(schema).iter_errors(found), key=lambda one: one.json_path):
        refused = True
        yield f"{error.json_path.removeprefix('$.')}: {error.message}"
    if not refused:
        yield from _beyond_the_schema(found)


def _schema(kind: object) -> dict[str, Any] | None:
    if not isinstance(kind, str) or not (file := SCHEMAS / f"{Path(kind).name}.json").exists():
        return None
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _keys_differ(
    validator: object, keys: list[str], items: object, schema: object
) -> Iterator[jsonschema.ValidationError]:
    """Refuse two items of a list that an API server takes for one: their keys are the same."""
    del validator, schema
    seen: set[tuple[object, ...]] = set()
    for item in items if isinstance(items, list) else []:
        key = tuple(str(item.get(name)) for name in keys)
        if key in seen:
            yield jsonschema.ValidationError(f"{', '.join(keys)} {', '.join(map(str, key))}: twice")
        seen.add(key)


def _pattern(
    validator: object, pattern: str, text: object, schema: object
) -> Iterator[jsonschema.ValidationError]:
    """Hold a text to a pattern of Go's, where `(?i)` may stand within; here it is for the whole."""
    del validator, schema
    flags = re.IGNORECASE if _ANY_CASE in pattern else re.NOFLAG
    if isinstance(text, str) and not re.search(pattern.replace(_ANY_CASE, ""), text, flags):
        yield jsonschema.ValidationError(f"{text!r} does not match {pattern!r}")


_Validator: Final = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # it has none
    jsonschema.Draft202012Validator, {LIST_KEYS: _keys_differ, "pattern": _pattern}
)


def _beyond_the_schema(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the API server refuses by its own code: names, keys and sizes."""
    metadata = found["metadata"]
    if not _NAME.fullmatch(metadata.get("name", "")):
        yield f"metadata.name: {metadata.get('name')!r} is no name of an object"
    for label, value in metadata.get("labels", {}).items():
        if not _LABEL.fullmatch(value):
            yield f"metadata.labels.{label}: {value!r} is no value of a label"
    data = found.get("data", {})
    yield from (f"data: {key!r} is no key" for key in data if not _KEY.fullmatch(key))
    size = sum(len(value.encode()) for value in data.values())
    if size > MOST_BYTES:
        yield f"data: {size:,} bytes, a ConfigMap takes {MOST_BYTES:,}"
    applied = len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())
    annotations = metadata.get("annotations", {})
    size = applied + sum(len(key.encode()) + len(one.encode()) for key, one in annotations.items())
    if size > MOST_ANNOTATION_BYTES:
        yield (
            f"{size:,} bytes once applied: `kubectl apply` keeps the object in an annotation, "
            f"and all of them take {MOST_ANNOTATION_BYTES:,} together"
        )
