"""What a rule reports, and what every rule reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the rule's name, the board, the panel ("" for the board itself), what is off."""

    rule: str
    board: str
    panel: str
    message: str

    def __str__(self) -> str:
        where = f"{self.board}, panel {self.panel!r}" if self.panel else self.board
        return f"{where}: {self.message} [{self.rule}]"


def everything(dashboard: Json) -> Iterator[Json]:
    """Yield every panel and row, those inside collapsed rows too."""
    for panel in dashboard.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def panels(dashboard: Json) -> Iterator[Json]:
    """Yield every panel that is no row."""
    return (panel for panel in everything(dashboard) if panel["type"] != "row")


def variables(dashboard: Json) -> dict[str, Json]:
    """Return the template variables by name."""
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def asks_jaeger(panel: Json) -> bool:
    """Whether the panel shows traces."""
    source = panel.get("datasource")
    return isinstance(source, dict) and source.get("type") == "jaeger"
