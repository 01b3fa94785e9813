"""docs/telemetry/README.md: its tables of settings and of what it needs are true."""

import ast
import dataclasses
import re
import sys
from pathlib import Path

from telemetry.runtime import TelemetrySettings
from tests.docs.telemetry_page import PAGE, ROOT, python


def test_the_settings_table_is_complete_and_its_defaults_are_true() -> None:
    table = PAGE[PAGE.index("## Settings") :]
    rows = dict(re.findall(r"^\| `(\w+)` \| ?(.*?) \| .+ \|$", table, re.MULTILINE))
    fields = {field.name: field for field in dataclasses.fields(TelemetrySettings)}
    assert list(rows) == list(fields)
    made = TelemetrySettings(service_name="shop")
    for name, shown in rows.items():
        if shown.startswith("`"):
            assert ast.literal_eval(shown.strip("`")) == getattr(made, name), name
        else:
            assert shown in ("", "random", "those of the conventions"), name


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their full names; some of these are names in one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def third_party(*modules: str) -> set[str]:
    """What these modules of telemetry need, with all that they import, by its name on PyPI."""
    needed: set[str] = set()
    open_ends, seen = list(modules), set[str]()
    while open_ends:
        module = open_ends.pop()
        path = ROOT / module.replace(".", "/")
        if module in seen or not (found := [*path.parent.glob(f"{path.name}.py")]):
            continue
        seen.add(module)
        open_ends += [one for one in imported(found[0]) if one.startswith("telemetry.")]
        needed |= imported(found[0])
    assert len(seen) > len(modules)
    foreign = {name for name in needed if name.split(".")[0] not in sys.stdlib_module_names}
    return {_distribution(name) for name in foreign} - {"telemetry"}


def _distribution(module: str) -> str:
    first, *rest = module.split(".")
    if first != "opentelemetry":
        return first.replace("_", "-")
    if not rest:
        return "opentelemetry-api"
    if rest[:2] == ["instrumentation", "asyncpg"]:
        return "opentelemetry-instrumentation-asyncpg"
    if rest[0] == "instrumentation":
        return "opentelemetry-instrumentation"
    return "opentelemetry-sdk" if rest[:1] == ["sdk"] else "opentelemetry-api"


def test_what_it_needs_is_what_the_page_says() -> None:
    section = PAGE[PAGE.index("## Take it") : PAGE.index("## Signals of your own")]
    needs = dict(re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE))
    core = _quoted(needs["all of it"])
    assert (
        third_party(*(f"telemetry.{name}" for name in ("lifespan", "messaging", "testing"))) == core
    )
    assert third_party("telemetry.asyncpg") - core == _quoted(needs["`telemetry.asyncpg` besides"])
    assert third_party("telemetry.redis") - core == _quoted(needs["`telemetry.redis` besides"])


def _quoted(text: str) -> set[str]:
    return set(re.findall(r"`([\w-]+)`", text))


def test_it_works_where_nothing_else_is_installed(tmp_path: Path) -> None:
    blocked = ("app", "asyncpg", "dashboards", "pydantic", "pytest", "redis", "uvicorn", "wrapt")
    program = f"""
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
import telemetry.lifespan, telemetry.messaging, telemetry.testing
with telemetry.testing.captured_telemetry() as captured:
    assert captured.spans() == []
"""
    run = python(tmp_path, "-c", program)
    assert (run.returncode, run.stderr) == (0, "")
