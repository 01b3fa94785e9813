import json
from dataclasses import replace

import pytest

from compose.faults.catalogue import FAULTS
from compose.faults.model import Fault
from compose.incident.model import Incident
from compose.incident.reading import incident
from compose.incident.sample import SAMPLE
from compose.tour.hints import HINTS
from compose.tour.quiz import CHOICES, choices, told


def _sample() -> Incident:
    return incident(json.loads(SAMPLE.read_text(encoding="utf-8")))


def _of(fault: Fault) -> Incident:
    """An incident of any fault, in which all that is expected was told."""
    record = json.loads(SAMPLE.read_text(encoding="utf-8"))
    record["fault"] |= {
        "name": fault.name,
        "breaks": fault.breaks,
        "layer": fault.layer.value,
        "expects": [{"name": one.name, "job": one.job} for one in fault.expects],
    }
    notice = record["notices"][-1]
    said = [
        {"status": "firing", "name": one.name, "severity": "", "job": one.job, "window": ""}
        for one in fault.expects
    ]
    record["notices"] = [notice | {"said": said}]
    return incident(record)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_of_four_is_right_and_each_says_why(fault: Fault) -> None:
    every = choices(_of(fault))
    assert len(every) == CHOICES
    assert [one.cause for one in every if one.right] == [fault.breaks]
    assert len({one.cause for one in every}) == CHOICES
    assert all(len(one.why) > 30 and one.why.endswith(".") for one in every)
    assert choices(_of(fault)) == every


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_no_wrong_answer_is_told_by_what_the_right_one_shows(fault: Fault) -> None:
    """What shows on the same panel and in the same span needs a hint to be told apart."""
    by_cause = {one.breaks: one for one in FAULTS}
    for choice in choices(_of(fault)):
        other = by_cause[choice.cause]
        shown = (fault.evidence.panel, fault.evidence.span_name)
        if choice.right or (other.evidence.panel, other.evidence.span_name) != shown:
            continue
        explained = "would have been told" in choice.why or "does not bring about" in choice.why
        assert explained or other.name in HINTS.get(fault.name, {}), choice


def test_an_alert_of_another_job_tells_causes_apart() -> None:
    [jaeger] = [one for one in FAULTS if one.name == "jaeger-down"]
    why = {one.cause: one.why for one in choices(_of(jaeger))}
    [scrape] = [one for one in FAULTS if one.name == "scrape-cut"]
    assert why[scrape.breaks] == "TargetDown (sightline-web) would have been told, and was not."


def test_the_right_one_stands_anywhere() -> None:
    places = [[one.right for one in choices(_of(fault))].index(True) for fault in FAULTS]
    assert set(places) == set(range(CHOICES))


def test_hints_are_about_faults_of_the_catalogue_and_are_given() -> None:
    known = {fault.name: fault for fault in FAULTS}
    for name, about in HINTS.items():
        assert name in known
        assert set(about) <= set(known) - {name}
        why = {one.why for one in choices(_of(known[name]))}
        assert set(about.values()) <= why


def test_what_was_not_told_speaks_against_a_cause() -> None:
    [fault] = [one for one in FAULTS if one.name == "smtp-down"]
    wrong = [one for one in choices(_of(fault)) if not one.right]
    reasons = " ".join(one.why for one in wrong)
    assert "would have been told, and was not" in reasons


def test_only_what_fired_after_the_fault_was_told() -> None:
    whole = _sample()
    page = whole.page
    assert page is not None
    before = replace(page, at=-1.0, said=(("firing", "Before"),), jobs=("",))
    over = replace(page, said=(("resolved", "Over"),), jobs=("",))
    heard = told(replace(whole, messages=(before, over, *whole.messages)))
    assert {one.name for one in heard} == {"ApiAvailabilityBudgetBurn", "DatabasePoolSaturated"}
