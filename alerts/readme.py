"""The counts of the matrix in the README; all else there is left alone."""

from pathlib import Path
from typing import Final

from alerts import build
from alerts.cases.live import Live
from alerts.cases.matrix import DEMANDED, counts, declared, rows_now
from compose.markdown import Block, table

README: Final = build.HERE.parent / "README.md"
_BLOCK: Final = Block("alert matrix", "python -m alerts build")


def page() -> dict[Path, str]:
    """Return the README with the block that it must have; `ValueError` where it has no marks."""
    return {README: _BLOCK.filled(README.read_text(encoding="utf-8"), _content())}


def _content() -> str:
    rules = rows_now()
    total = counts(rules, declared(rules))
    by_cases = ", ".join(kind.value for kind in DEMANDED)
    live = ", ".join(column.value for column in Live)
    lines = (
        (f"{total.cases} cases of promtool", by_cases, str(total.by_cases)),
        (
            "real faults on a real Prometheus and Alertmanager, in compressed time",
            live,
            str(total.live),
        ),
        ("waived, with a reason in code", "", str(total.waived)),
    )
    said = f"{total.rules} alert rules, {total.cells} cells, {total.missing} of them empty:"
    return f"{said}\n\n{table(('Proven by', 'Columns', 'Cells'), lines, texts=2)}"
