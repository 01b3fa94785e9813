"""The matrix itself: what is not proven is named, the counts add up, the README has them."""

from pathlib import Path

import pytest

from alerts import naming, readme
from alerts.__main__ import main
from alerts.cases.live import FAULTS, WAIVED_LIVE, Live
from alerts.cases.matrix import counts, declared, lines, rows_now
from alerts.tools import Outcome

TABLE = rows_now()
DECLARED = declared(TABLE)


def test_nothing_is_empty_where_the_live_suite_proves_what_it_undertakes() -> None:
    assert {row.rule.subject: row.empty(DECLARED) for row in TABLE if row.empty(DECLARED)} == {}


def test_a_live_cell_that_nobody_has_proven_is_named() -> None:
    (split,) = (row for row in TABLE if row.rule.name == naming.CLUSTER_SPLIT)
    proven = DECLARED - {(naming.CLUSTER_SPLIT, Live.MAILED), (naming.CLUSTER_SPLIT, Live.EXECUTED)}

    assert split.empty(proven) == (Live.MAILED.value, Live.EXECUTED.value)
    assert counts(TABLE, proven).missing == 2
    assert "2 missing" in list(lines(TABLE, proven))[-1]


def test_a_ticket_has_no_cell_for_the_webhook_and_the_watchdog_none_for_mail() -> None:
    cells = {row.rule.name: row.live(DECLARED) for row in TABLE}

    assert cells[naming.CLUSTER_SPLIT][Live.POSTED] == "-"
    assert cells[naming.WATCHDOG][Live.MAILED] == "-"
    assert cells[naming.RULES_FAILING][Live.POSTED] == "yes"


def test_the_counts_add_up() -> None:
    total = counts(TABLE, DECLARED)
    waived = {
        (row.rule.subject, column)
        for row in TABLE
        for column in Live
        if (row.rule.name, column) in WAIVED_LIVE
    }

    assert total.rules == len(TABLE)
    assert total.live == len(DECLARED) - len(DECLARED & waived)
    assert total.cells == 5 * len(TABLE) + len(DECLARED)


def test_an_alert_without_a_fault_has_empty_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    left = {name: fault for name, fault in FAULTS.items() if name != naming.CLUSTER_SPLIT}
    monkeypatch.setattr("alerts.cases.matrix.FAULTS", left)

    empty = {row.rule.name: row.empty(declared(TABLE)) for row in TABLE}

    assert "mailed" in empty.pop(naming.CLUSTER_SPLIT)
    assert set(empty.values()) == {()}


def test_the_readme_is_renewed_between_its_marks_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = readme.README.read_text()
    stale = tmp_path / "README.md"
    stale.write_text(text.replace("alert rules, ", "alert rules of old, "))
    monkeypatch.setattr(readme, "README", stale)

    assert readme.page() == {stale: text}

    stale.write_text("nothing")
    with pytest.raises(ValueError, match="no place for the alert matrix"):
        readme.page()


def test_the_command_prints_the_table_and_its_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What promtool says of the cases is `test_rules`' own, and takes its time.
    monkeypatch.setattr("alerts.tools.run", lambda *_: Outcome(succeeded=True, output="SUCCESS"))

    assert main(["test"]) == 0

    said = capsys.readouterr().out
    assert f"{len(TABLE)} rules, " in said
    assert " 0 missing" in said
    assert "EventLoopBlocked hung" in said
