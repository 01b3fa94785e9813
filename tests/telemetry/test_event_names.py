"""No event of a log line is a text made at run time: each is a declared name."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app import signals
from telemetry.catalog import Event, http

ROOT = Path(__file__).parents[2]
EVENT_CALLS = {"debug", "info", "warning", "error", "exception", "critical"}


def event_names() -> Iterator[tuple[str, ast.expr]]:
    """Yield where each of our log calls stands, and what it gives as the event."""
    for folder in ("app", "telemetry"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                owner = ast.unparse(node.func.value)
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                if "logger" in owner and node.func.attr in EVENT_CALLS:
                    yield where, node.args[0]
                elif owner.endswith("_lines") and node.func.attr == "write":
                    yield where, node.args[1]


def is_declared(name: ast.expr) -> bool:
    """`signals.X.name`, or one of two such; a constant of `telemetry.logging`, which declares."""
    match name:
        case ast.Attribute(value=ast.IfExp(body=one, orelse=other), attr="name"):
            return all(
                is_declared(ast.Attribute(each, "name", ast.Load())) for each in (one, other)
            )
        case ast.Attribute(
            value=ast.Attribute(value=ast.Name(id=module), attr=constant), attr="name"
        ):
            return isinstance(getattr({"signals": signals, "http": http}[module], constant), Event)
        case _:
            return False


def test_every_event_is_a_declared_name() -> None:
    found = list(event_names())
    loose = [
        f"{where}: {ast.unparse(name)}"
        for where, name in found
        if not is_declared(name) and not where.startswith("telemetry/logging.py")
    ]
    assert loose == []
    assert len(found) > 15
