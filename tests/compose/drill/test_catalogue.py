"""The catalogue is complete, and all that it names is there."""

import pytest

from alerts import build
from alerts.rules import alerts_of
from app import signals
from compose.drill import panels
from compose.faults.catalogue import FAULTS, NOT_EXPECTED, named
from compose.faults.model import Evidence, Fault, Layer, Told
from dashboards.model import Visual
from telemetry import catalog
from telemetry.catalog.declarations import Event, Span

ALERTS = {rule.name for rule in alerts_of(build.groups(build.Options()))}
EACH = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def test_every_alert_is_expected_of_a_fault_or_says_why_not() -> None:
    expected = {told.name for fault in FAULTS for told in fault.expects}

    assert expected | NOT_EXPECTED.keys() == ALERTS
    assert expected & NOT_EXPECTED.keys() == set()


def test_every_layer_breaks_and_no_two_faults_share_a_name() -> None:
    assert {fault.layer for fault in FAULTS} == set(Layer)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@EACH
def test_the_alerts_of_a_fault_are_there_and_have_one_role_each(fault: Fault) -> None:
    roles = (fault.expects, fault.may_follow, fault.must_not)

    assert fault.expects
    assert {told.name for role in roles for told in role} <= ALERTS
    every = [told for role in roles for told in role]
    assert len(set(every)) == len(every)
    for told in fault.must_not:
        assert not any(one.covers(told.name, told.job) for one in fault.expects)


@EACH
def test_what_shows_a_fault_is_there(fault: Fault) -> None:
    evidence = fault.evidence

    if evidence.panel is not None:
        panel = panels.panel(evidence.panel)
        assert panel.queries, "a list of alerts or boards draws nothing of an incident"
        assert panel.visual is not Visual.TABLE, "a table is of one moment"
    assert (evidence.panel is None) == bool(evidence.why_no_panel)
    assert bool(evidence.span_name) != bool(evidence.why_no_trace)
    assert (evidence.event is None) == bool(evidence.why_no_log)
    assert bool(fault.later_seconds) == bool(fault.why_later)
    assert fault.told_by in {"mail", "webhook"}
    if isinstance(evidence.span, Span):
        assert evidence.span in _declared(signals, Span) + _declared(catalog.database, Span)
    if evidence.event is not None:
        assert evidence.event in _declared(signals, Event) + _declared(catalog.http, Event)


def test_a_panel_that_nobody_has_is_missed() -> None:
    with pytest.raises(KeyError):
        panels.panel(("home", "Nobody drew this"))


def test_faults_are_chosen_by_name_in_the_catalogues_order() -> None:
    assert named([]) == FAULTS
    assert [one.name for one in named(["smtp-down", "redis-down"])] == ["redis-down", "smtp-down"]
    with pytest.raises(KeyError, match="nothing-down"):
        named(["nothing-down"])


def test_an_alert_without_a_job_is_meant_of_every_job() -> None:
    assert Told("TargetDown").covers("TargetDown", "jaeger")
    assert Told("TargetDown", "jaeger").covers("TargetDown", "jaeger")
    assert not Told("TargetDown", "jaeger").covers("TargetDown", "sightline-web")
    assert not Told("TargetDown").covers("MailFailing", "")


def _declared(module: object, kind: type[Span] | type[Event]) -> list[object]:
    return [value for value in vars(module).values() if isinstance(value, kind)]


def test_evidence_names_a_span_of_a_request_by_its_text() -> None:
    assert Evidence(("home", "Alerts"), "GET /audit").span_name == "GET /audit"
