"""Who is told of what: asked of amtool and of the configuration, as Alertmanager will read it."""

from typing import Any

import pytest
import yaml

from alerts import build, tools
from alerts.alertmanager import configuration
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.receivers import Receivers
from alerts.rules import AlertRule, alerts_of

OPTIONS = build.Options()
CONFIGURATION = build.GENERATED / build.ALERTMANAGER


def test_amtool_takes_the_configuration_and_its_template() -> None:
    outcome = tools.run("amtool", "check-config", CONFIGURATION)

    assert outcome.succeeded, outcome.output
    assert "1 templates" in outcome.output


@pytest.mark.parametrize("rule", alerts_of(build.groups(OPTIONS)), ids=lambda rule: rule.subject)
def test_severity_decides_who_is_told(rule: AlertRule) -> None:
    labels = {"alertname": rule.name, "severity": rule.severity.value, **rule.labels}
    expected = {"critical": "page", "warning": "ticket", "info": "dead-man"}

    outcome = tools.run(
        "amtool",
        *("config", "routes", "test", f"--config.file={CONFIGURATION}"),
        *(f"{name}={value}" for name, value in labels.items()),
    )

    assert outcome.output.splitlines()[0] == expected[rule.severity.value]


def test_an_alert_that_no_route_knows_is_still_told() -> None:
    outcome = tools.run(
        "amtool",
        *("config", "routes", "test", f"--config.file={CONFIGURATION}", "alertname=Stranger"),
    )

    assert outcome.output.splitlines()[0] == "ticket"


def test_pages_go_by_mail_and_webhook_and_both_tell_the_end() -> None:
    by_name = {receiver["name"]: receiver for receiver in _committed()["receivers"]}

    assert set(by_name["page"]) == {"name", "email_configs", "webhook_configs"}
    assert set(by_name["ticket"]) == {"name", "email_configs"}
    assert set(by_name["dead-man"]) == {"name", "webhook_configs"}
    ways = [
        way
        for receiver in by_name.values()
        for kind in ("email_configs", "webhook_configs")
        for way in receiver.get(kind, [])
    ]
    assert all(way["send_resolved"] is True for way in ways)


@pytest.mark.parametrize("faster", ["1h", "6h", "1d"])
@pytest.mark.parametrize("slower", ["1h", "6h", "1d", "3d"])
def test_a_faster_window_silences_the_slower_ones_and_no_other(faster: str, slower: str) -> None:
    order = ["1h", "6h", "1d", "3d"]
    silenced = [
        rule
        for rule in _committed()["inhibit_rules"]
        if rule["source_matchers"] == [f'window="{faster}"']
        and slower in rule["target_matchers"][0].partition('"')[2].rstrip('"').split("|")
    ]

    assert bool(silenced) == (order.index(faster) < order.index(slower))
    assert all(rule["equal"] == ["alertname", "slo"] for rule in silenced)


def test_no_cause_hides_a_page() -> None:
    pages = {rule.name for rule in alerts_of(build.groups(OPTIONS)) if rule.labels.get("window")}
    by_cause = [
        rule
        for rule in _committed()["inhibit_rules"]
        if not any("window=" in matcher for matcher in rule["source_matchers"])
    ]

    assert len(by_cause) == 9
    assert all('severity="warning"' in rule["target_matchers"] for rule in by_cause)
    assert "ApiAvailabilityBudgetBurn" in pages
    assert not [rule for rule in by_cause if "ApiAvailability" in str(rule["target_matchers"])]


def test_every_alert_that_an_inhibition_names_is_there() -> None:
    known = {rule.name for rule in alerts_of(build.groups(OPTIONS))}
    named = {
        name
        for rule in _committed()["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        if matcher.startswith("alertname")
        for name in matcher.partition('"')[2].rstrip('"').split("|")
    }

    assert named
    assert named <= known


def test_a_process_that_is_well_is_not_silenced_by_one_that_is_not() -> None:
    (database,) = (
        rule
        for rule in _committed()["inhibit_rules"]
        if rule["source_matchers"] == ['alertname="DatabaseUnavailable"']
    )
    assert database["equal"] == ["job", "instance"]
    assert "AuthorizationCacheBypassed" in database["target_matchers"][0]


def test_the_watchdog_repeats_far_more_often_than_a_page() -> None:
    watchdog, page, _ = _committed()["route"]["routes"]

    assert seconds(watchdog["repeat_interval"]) * 10 < seconds(page["repeat_interval"])


def test_every_time_is_scaled() -> None:
    document = configuration(Clock(60), Receivers())

    assert document["route"]["group_wait"] == "1s"
    assert document["route"]["group_interval"] == "5s"
    assert document["route"]["repeat_interval"] == "24m"
    assert document["global"]["resolve_timeout"] == "5s"


def test_nothing_in_it_is_a_secret_or_a_real_address() -> None:
    text = CONFIGURATION.read_text()

    assert "password" not in text
    assert "secret" not in text
    assert {word for word in text.split() if "@" in word} == {
        "alerts@sightline.example",
        "oncall@sightline.example",
    }


def _committed() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CONFIGURATION.read_text())
    return document
