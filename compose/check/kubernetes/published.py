"""Where the schemas come from: Go modules at a pinned version, each with its hash.

`python -m compose.check.kubernetes.published` obtains both (a minute and 300 MB on disk, in Go's
own cache, checked by its checksum database and the hashes below) and writes `schemas/` anew. It is
only needed for a newer version: what it writes is committed.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from compose.check.kubernetes.trimming import Schema, trimmed

SCHEMAS: Final = Path(__file__).with_name("schemas")
CORE: Final = "v1"
_OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_CONFIG_MAP: Final = "io.k8s.api.core.v1.ConfigMap"
_CORE_FILE: Final = "api/openapi-spec/v3/api__v1_openapi.json"
_CRD_FILE: Final = "example/prometheus-operator-crd/monitoring.coreos.com_{}.yaml"
_KINDS: Final = (
    "alertmanagerconfigs",
    "alertmanagers",
    "podmonitors",
    "prometheusrules",
    "servicemonitors",
)


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module, its version, and the hash that Go's checksum database has of it."""

    path: str
    version: str
    sum: str

    @property
    def source(self) -> str:
        """What stands in each schema: where it is from."""
        return f"{self.path}@{self.version} (Apache-2.0)"


OPERATOR: Final = Module(
    "github.com/prometheus-operator/prometheus-operator",
    "v0.85.0",
    "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
)
KUBERNETES: Final = Module(
    "k8s.io/kubernetes", "v1.37.2", "h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE="
)


class _Loader(yaml.SafeLoader):
    """Takes a bare `=` for the text that it is: an operator of matchers."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:value"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def main() -> int:
    """Write every schema; return the exit status."""
    core = json.loads((_obtained(KUBERNETES) / _CORE_FILE).read_text(encoding="utf-8"))
    parts = core["components"]["schemas"]
    _write(CORE, "ConfigMap", KUBERNETES, trimmed(parts[_CONFIG_MAP], parts))
    operator = _obtained(OPERATOR)
    for kind in _KINDS:
        text = (operator / _CRD_FILE.format(kind)).read_text(encoding="utf-8")
        _write_definition(yaml.load(text, Loader=_Loader)["spec"], parts)  # noqa: S506  # a safe one
    return 0


def _obtained(module: Module) -> Path:
    go = shutil.which("go")
    if go is None:
        sys.exit("there is no Go on PATH to obtain the modules with")
    words = [go, "mod", "download", "-json", f"{module.path}@{module.version}"]
    done = subprocess.run(words, capture_output=True, check=True)  # noqa: S603  # pinned above
    found = json.loads(done.stdout)
    if found["Sum"] != module.sum:
        sys.exit(f"{module.path}: the module's hash is {found['Sum']}, not {module.sum}")
    return Path(found["Dir"])


def _write_definition(definition: dict[str, Any], parts: dict[str, Any]) -> None:
    for version in definition["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        # A definition says nothing of the metadata: it is every object's.
        schema["properties"]["metadata"] = parts[_OBJECT_META]
        name = f"{definition['group']}/{version['name']}"
        _write(name, definition["names"]["kind"], OPERATOR, trimmed(schema, parts))


def _write(version: str, kind: str, module: Module, schema: Schema) -> None:
    fixed = {"apiVersion": {"const": version}, "kind": {"const": kind}}
    whole = {
        "$comment": f"Trimmed from {module.source}; see NOTICE.md.",
        **schema,
        "properties": {**schema["properties"], **fixed},
        "required": sorted({*schema.get("required", ()), *fixed, "metadata"}),
    }
    text = json.dumps(whole, indent=1, sort_keys=True)
    (SCHEMAS / f"{kind}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
