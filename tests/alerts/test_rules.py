"""The rules as they are generated: valid, with a case of each kind, refused where they cannot be.

That they pass their cases is in test_mutations.py.
"""

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from alerts import build, burn_rate, lint, naming, promql, tools
from alerts.cases import all_cases
from alerts.cases.matrix import rows
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.links import Links
from alerts.rules import AlertRule, alerts_of
from alerts.targets import WEB
from alerts.windows import BURN_WINDOWS
from app.objectives import API_AVAILABILITY, CHECK_LATENCY, OBJECTIVES
from telemetry.catalog import http
from telemetry.catalog.declarations import DeclarationError, Histogram
from telemetry.catalog.objectives import Latency

OPTIONS = build.Options()
BOARDS = Path(__file__).parents[2] / "dashboards/generated"
RULES = alerts_of(build.groups(OPTIONS))


def test_every_rule_has_every_kind_of_case_or_a_reason() -> None:
    table = rows(RULES, all_cases(OPTIONS.clock, OPTIONS.links))

    assert {row.rule.subject: row.missing for row in table if row.missing} == {}
    assert len(table) == len(RULES)


def test_a_rule_without_cases_is_missed() -> None:
    (row,) = rows([replace(RULES[0], name="NobodyTestsThis", subject="NobodyTestsThis")], [])

    assert len(row.missing) == 5


def test_factors_are_those_of_a_30_day_budget() -> None:
    assert [pair.factor(30) for pair in BURN_WINDOWS] == [Decimal("14.4"), 6, 3, 1]


def test_a_shorter_period_burns_the_same_share_at_a_smaller_factor() -> None:
    assert BURN_WINDOWS[0].factor(7) == Decimal("3.36")


def test_an_alert_that_could_never_fire_is_refused() -> None:
    hopeless = replace(API_AVAILABILITY, target=0.93)

    with pytest.raises(DeclarationError, match=r"api-availability.*1h.*no outage reaches"):
        burn_rate.alerts(hopeless, Clock(), Links())


def test_the_loosest_target_whose_alerts_can_fire_is_taken() -> None:
    loose = replace(API_AVAILABILITY, target=0.94)

    assert len(burn_rate.alerts(loose, Clock(), Links()).rules) == 4


def test_a_threshold_that_is_no_bucket_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"0\.11 is no bucket"):
        promql.total_within(http.REQUEST_DURATION, 0.11, WEB.jobs)


@pytest.mark.parametrize(
    ("bound", "matcher"),
    [(1, r'le=~"1(\\.0)?"'), (10, r'le=~"10(\\.0)?"'), (0.1, 'le="0.1"'), (2.5, 'le="2.5"')],
)
def test_a_bucket_is_found_in_both_majors_of_prometheus(bound: float, matcher: str) -> None:
    selector = promql.total_within(http.REQUEST_DURATION, bound, WEB.jobs)

    assert selector.endswith(f", {matcher}}}")


def test_a_bucket_that_is_written_in_several_ways_is_refused() -> None:
    large = replace(http.REQUEST_DURATION, buckets=(1.0, 1e6))

    with pytest.raises(DeclarationError, match="below 1e6"):
        promql.total_within(large, 1e6, WEB.jobs)


def test_a_metric_that_nobody_is_known_to_expose_is_refused() -> None:
    stranger = Histogram(name="some.time", unit="s", description="Time.", buckets=(1.0,))
    indicator = Latency(metric=stranger, threshold=1.0)

    with pytest.raises(DeclarationError, match=r"no job is known to expose 'some\.time'"):
        burn_rate.recordings(replace(CHECK_LATENCY, indicator=indicator), Clock())


def test_the_four_windows_can_be_told_apart() -> None:
    for objective in OBJECTIVES:
        mine = [rule for rule in RULES if rule.name == naming.burn_alert(objective)]
        assert [rule.labels[naming.WINDOW] for rule in mine] == ["1h", "6h", "1d", "3d"]
        fast = "critical" if objective.wakes else "warning"
        assert [rule.severity.value for rule in mine] == [fast] * 2 + ["warning"] * 2
        assert {rule.labels[naming.SLO] for rule in mine} == {objective.slug}


def test_traces_are_searched_for_by_what_fails_now() -> None:
    """Over the long window the most frequent failure may be that of a fault that is over."""
    mine = [rule for rule in RULES if rule.name == naming.burn_alert(API_AVAILABILITY)]

    for rule, pair in zip(mine, BURN_WINDOWS, strict=True):
        assert re.findall(r"\[(\w+)\]", rule.annotations["traces_url"]) == [pair.short]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.subject)
def test_a_message_leads_to_a_board_that_is_there_and_begins_before_the_fault(
    rule: AlertRule,
) -> None:
    found = re.search(
        r"/d/([a-z-]+)\?from=.*?time\(\) - (\d+)\)", rule.annotations["dashboard_url"]
    )
    uids = {json.loads(file.read_text())["uid"] for file in BOARDS.glob("*.json")}

    assert found
    assert found[1] in uids
    assert int(found[2]) > (seconds(rule.hold) if rule.hold else 0)


def test_what_watches_is_shown_on_the_board_that_watches() -> None:
    watching = {
        rule.name
        for rule in RULES
        if "/d/sightline-telemetry-health" in rule.annotations["dashboard_url"]
    }

    assert {
        naming.TARGET_DOWN,
        naming.WATCHDOG,
        naming.RULES_FAILING,
        naming.NOTIFICATIONS_FAILING,
        naming.CLUSTER_SPLIT,
        naming.CONFIGURATION_REFUSED,
        naming.SPANS_DROPPED,
    } <= watching
    for objective in OBJECTIVES:
        for rule in (one for one in RULES if one.name == naming.burn_alert(objective)):
            assert "/d/sightline-slos?" in rule.annotations["dashboard_url"]


def test_what_lint_demands_is_met() -> None:
    assert list(lint.problems(build.groups(OPTIONS), OPTIONS.clock)) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "A" + "a" * 40}, "CamelCase"),
        ({"name": "snake_case"}, "CamelCase"),
        ({"annotations": {}}, "no summary, description"),
        ({"annotations": RULES[0].annotations | {"summary": "it is {{ $value }}"}}, "a summary"),
        ({"labels": {"height": "{{ $value }}"}}, "a value in a label"),
        ({"hold": "29s"}, "two scrapes"),
        ({"hold": None}, "two scrapes"),
        ({"annotations": RULES[0].annotations | {"runbook_url": "http://elsewhere/"}}, "runbook"),
    ],
)
def test_lint_names_what_is_wrong(change: dict[str, object], problem: str) -> None:
    (group,) = (group for group in build.groups(OPTIONS) if RULES[0] in group.rules)
    changed = replace(RULES[0], **change)  # type: ignore[arg-type]  # the table's values fit
    spoilt = replace(group, rules=(changed, *group.rules[1:]))

    found = list(lint.problems((spoilt,), OPTIONS.clock))

    assert any(problem in line for line in found), found


def test_lint_names_a_group_that_grew_too_large_and_rules_that_look_the_same() -> None:
    (group,) = (group for group in build.groups(OPTIONS) if RULES[0] in group.rules)
    large = replace(group, rules=group.rules * 6)

    found = list(lint.problems((large,), OPTIONS.clock))

    assert any("24 rules, at most 20" in line for line in found)
    assert f"{RULES[0].subject}: two rules cannot be told apart" in found


def test_promtool_refuses_a_rule_that_is_broken(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("broken")
    text = (build.GENERATED / build.TESTS).read_text().replace(" > 14.4", " > 144")
    rules = (build.GENERATED / build.RULES).read_text().replace(" > 14.4", " > 144")
    document = yaml.safe_load(text)
    document["tests"] = [one for one in document["tests"] if " 1h: fires" in one["name"]]
    (folder / build.TESTS).write_text(yaml.safe_dump(document))
    (folder / build.RULES).write_text(rules)

    outcome = tools.run("promtool", "test", "rules", folder / build.TESTS)

    assert not outcome.succeeded
    assert "ApiAvailabilityBudgetBurn" in outcome.output
