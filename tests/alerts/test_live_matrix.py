"""Every alert, live: it fires, people are told by each way of its route, the runbook has data for
them, and they are told when it is over.
"""

import pytest

from alerts import build
from alerts.cases.live import FAULTS, WAIVED_LIVE, Live, demanded_live
from alerts.cases.matrix import Cells, rows_now
from alerts.rules import AlertRule, alerts_of
from tests.alerts.acts import Run

pytestmark = pytest.mark.platform

RULES = alerts_of(build.groups(build.Options()))
CELLS = [
    pytest.param(rule, column, id=f"{rule.subject}: {column.value}")
    for rule in RULES
    for column in demanded_live(rule)
    if (rule.name, column) not in WAIVED_LIVE
]


@pytest.mark.parametrize(("rule", "column"), CELLS)
def test_live(lived: Run, proven: Cells, rule: AlertRule, column: Live) -> None:
    asked = lived.answers.get(rule.name, {})
    silent = [query for query, has_data in asked.items() if not has_data]
    seen = lived.proves(rule.subject, column)
    assert seen, (silent, {name: text[-300:] for name, text in lived.failures.items()})

    proven.add((rule.subject, column))


def test_every_fault_went_its_whole_way(lived: Run) -> None:
    assert not "\n".join(f"{name}: {text}" for name, text in lived.failures.items())


def test_no_cell_is_empty(lived: Run, proven: Cells) -> None:
    """After the tests above: what they have not proven is not there, whatever is declared."""
    del lived
    assert {row.rule.subject: row.empty(proven) for row in rows_now() if row.empty(proven)} == {}


def test_every_alert_has_its_fault_and_no_other() -> None:
    assert FAULTS.keys() == {rule.name for rule in RULES}
