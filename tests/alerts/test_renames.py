"""A name that changes in the catalog is carried through by the generators, or stops them by name.

Each test changes one text in a copy of the tree and runs the commands there, as a person would.
What people wrote by hand (runbooks, the rules' cases) is not rewritten: the check names it.
"""

from pathlib import Path

import pytest

from tests.copies import Tree

SIGNALS = "app/signals"
OBJECTIVES = "app/objectives.py"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied_to(tmp_path)


def test_a_metric_is_renamed_in_rules_boards_and_objects_and_named_where_people_wrote_it(
    tree: Tree,
) -> None:
    old, new = "import_checkpoint_age_seconds", "import_standstill_seconds"
    before = tree.generated_with(old)
    tree.change(f"{SIGNALS}/imports.py", '"import.checkpoint.age"', '"import.standstill"')

    tree.generates()

    assert tree.generated_with(old) == set()
    assert tree.generated_with(new) == before
    assert {path.partition("/")[0] for path in before} == {"alerts", "dashboards"}
    assert any("kubernetes" in path for path in before)
    refused = tree.stops("alerts", "check")
    assert "runbook ImportStuck" in refused
    assert old in refused


def test_a_metric_whose_constant_goes_stops_the_build_where_it_is_used(tree: Tree) -> None:
    for file in ("__init__.py", "imports.py"):
        tree.change(f"{SIGNALS}/{file}", "IMPORT_CHECKPOINT_AGE", "IMPORT_STANDSTILL")

    for package, place in (("alerts", "alerts/reports.py"), ("dashboards", "boards/batches.py")):
        said = tree.stops(package, "build")
        assert place in said
        assert "IMPORT_CHECKPOINT_AGE" in said


def test_a_label_is_renamed_everywhere(tree: Tree) -> None:
    old, new = "by (report_queue)", "by (report_line)"
    before = tree.generated_with(old)
    tree.change(f"{SIGNALS}/queues.py", 'Label("report.queue"', 'Label("report.line"')

    tree.generates()

    assert tree.generated_with(old) == set()
    assert tree.generated_with(new) == before
    assert "alerts/generated/rules.yaml" in before
    assert any(path.startswith("dashboards/") for path in before)
    said = tree.stops("alerts", "check")
    assert "runbook MailFailing: report_queue_depth has no label report_queue" in said
    assert "ReportQueueDelayed: no series has a label report_queue" in said


def test_a_value_that_a_label_has_no_more_stops_the_build_and_is_named(tree: Tree) -> None:
    tree.change(
        f"{SIGNALS}/mail.py",
        'Label("mail.outcome", ("sent", "retried", "dead"',
        'Label("mail.outcome", ("sent", "again", "dead"',
    )

    said = tree.stops("alerts", "build")

    assert "label 'mail.outcome' never has the value 'retried', but 'sent', 'again'" in said


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        (f"{SIGNALS}/caches.py", '("closed", "half', '("shut", "half', "alerts/caches.py"),
        (
            "telemetry/catalog/database.py",
            '("idle", "used")',
            '("idle", "busy")',
            "dependencies.py",
        ),
        (f"{SIGNALS}/access.py", '"address_limited"', '"too_many"', "alerts/clients.py"),
    ],
)
def test_a_value_that_is_renamed_stops_the_rules_where_it_is_used(
    tree: Tree, file: str, old: str, new: str, place: str
) -> None:
    tree.change(file, old, new)

    said = tree.stops("alerts", "build")

    assert "never has the value" in said
    assert place in said


def test_a_value_that_is_renamed_is_named_in_the_runbooks(tree: Tree) -> None:
    tree.change(f"{SIGNALS}/queues.py", '("reports", "mail")', '("reports", "letters")')

    said = tree.stops("alerts", "check")

    assert "MailFailing: report_queue_dead: label report_queue never has the value 'mail'" in said


def test_an_objective_is_renamed_in_rules_and_boards(tree: Tree) -> None:
    before = tree.generated_with("audit-sealing")
    tree.change(OBJECTIVES, 'slug="audit-sealing"', 'slug="audit-chaining"')

    said = tree.stops("alerts", "build")
    assert "no traffic is known of the objective 'audit-chaining'" in said
    assert "alerts.cases.traffic" in said

    tree.change("alerts/cases/traffic.py", '"audit-sealing": _Timed', '"audit-chaining": _Timed')
    tree.generates()
    assert tree.generated_with("audit-sealing") == set()
    assert tree.generated_with("audit-chaining") == before
    assert {path.partition("/")[0] for path in before} == {"alerts", "dashboards"}


def test_an_alert_that_an_objective_names_anew_needs_its_runbook(tree: Tree) -> None:
    tree.change(OBJECTIVES, 'title="AuditSealing"', 'title="AuditChaining"')

    said = tree.stops("alerts", "check")

    assert "no runbook for AuditChainingBudgetBurn" in said
    assert "runbook AuditSealingBudgetBurn: no such alert" in said


def test_a_target_is_carried_into_every_budget(tree: Tree) -> None:
    tree.change(
        OBJECTIVES, "target=0.99,\n    indicator=Latency", "target=0.98,\n    indicator=Latency"
    )

    tree.generates()

    rules = (tree.root / "alerts/generated/rules.yaml").read_text(encoding="utf-8")
    assert 'slo:errors:ratio{slo="check-latency"} / 0.02' in rules
    assert 'slo:errors:ratio{slo="check-latency"} / 0.01' not in rules


def test_a_threshold_that_is_no_bucket_stops_the_build_and_is_named(tree: Tree) -> None:
    tree.change(OBJECTIVES, "threshold=0.1,", "threshold=0.12,")

    said = tree.stops("alerts", "build")

    assert "0.12 s is no bucket of 'http.server.request.duration'" in said
