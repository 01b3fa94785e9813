"""Every rule is made wrong in every way that is easy to overlook, and a case must fail each time.

By default the arithmetic that all objectives share is changed in one of them.
SIGHTLINE_MUTATIONS_LONG=1 changes it in all, and shows that what is held for equivalent is.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from alerts import build, burn_rate
from alerts.clock import Clock
from alerts.links import Links
from alerts.naming import burn_alert
from alerts.rules import AlertRule, RecordingRule
from app.objectives import API_AVAILABILITY, OBJECTIVES
from dashboards.proof import results
from tests.alerts import history
from tests.alerts.equivalent import reason
from tests.alerts.mutations import Mutant, Unit, mutants, passes, passes_the_month, survives, units

LONG = os.environ.get("SIGHTLINE_MUTATIONS_LONG") == "1"
AT_ONCE = 2
UNITS = units()
COUNTED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def thrift() -> Iterator[None]:
    """Two at once: each promtool takes one core, and no time to tidy up its memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOMAXPROCS", "1")
        patch.setenv("GOGC", "400")
        yield


@pytest.fixture(params=UNITS, ids=lambda unit: unit.name)
def unit(request: pytest.FixtureRequest) -> Unit:
    found: Unit = request.param
    return found


def _asked(unit: Unit) -> list[Mutant]:
    every = list(mutants(unit))
    if LONG or unit.month is None or unit.name == burn_alert(API_AVAILABILITY):
        return every
    return [one for one in every if one.position is not None and one.position < history.FED_IN]


def test_as_they_are_the_rules_pass_every_case(unit: Unit) -> None:
    assert passes([group.document() for group in unit.groups], unit.cases)
    if unit.month is not None:
        group, case = unit.month
        assert passes_the_month([group.document()], case)


def test_a_rule_that_is_made_wrong_fails_a_case(unit: Unit) -> None:
    asked = _asked(unit)
    wrong = [one for one in asked if reason(one) is None]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        alive = [
            one
            for one, lives in zip(
                wrong, pool.map(lambda one: survives(unit, one), wrong), strict=True
            )
            if lives
        ]

    COUNTED.update(mutants=len(asked), equivalent=len(asked) - len(wrong))
    COUNTED.update(killed=len(wrong) - len(alive))
    assert [str(one) for one in alive] == []


@pytest.mark.skipif(not LONG, reason="minutes: SIGHTLINE_MUTATIONS_LONG=1")
def test_what_is_held_for_equivalent_is(unit: Unit) -> None:
    same = [one for one in mutants(unit) if reason(one) is not None]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lives = list(pool.map(lambda one: survives(unit, one), same))

    assert [str(one) for one, alive in zip(same, lives, strict=True) if not alive] == []


def test_no_rule_is_left_out() -> None:
    known = {
        (group.name, str(rule)) for group in build.groups(build.Options()) for rule in group.rules
    }
    judged = {
        (group.name, str(rule)) for unit in UNITS for group in unit.groups for rule in group.rules
    }

    assert judged == known
    for unit in UNITS:
        changed = {one.rule.removeprefix(f"{unit.name}: ").split()[0] for one in mutants(unit)}
        assert changed == {
            rule.name if isinstance(rule, AlertRule) else rule.record
            for group in unit.groups
            for rule in group.rules
        }


def test_the_objectives_share_their_arithmetic() -> None:
    """What is changed in one objective alone is the same text in all but for the budget."""
    shared = {
        tuple(
            (rule.record, rule.expression.replace(objective.slug, "_"))
            for rule in burn_rate.recordings(
                replace(objective, target=API_AVAILABILITY.target), Clock()
            ).rules[history.FED_IN :]
            if isinstance(rule, RecordingRule)
        )
        for objective in OBJECTIVES
    }
    alerts = {
        tuple(
            (rule.expression.replace(objective.slug, "_"), rule.hold)
            for rule in burn_rate.alerts(objective, Clock(), Links()).rules
            if isinstance(rule, AlertRule)
        )
        for objective in OBJECTIVES
    }

    assert len(shared) == 1
    assert len(alerts) == 1


def test_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Tell and keep how many changes were made; it stands last, and needs the others to have run.

    What changes nothing cannot be caught, and is not in the total.
    """
    if not COUNTED:
        pytest.skip("no rule was changed in this run")
    total = COUNTED["mutants"] - COUNTED["equivalent"]
    figures = {"total": total, "caught": COUNTED["killed"]}
    results.merge({"mutations": figures}, results.PROOF)
    with capsys.disabled():
        print(  # noqa: T201  # what this is for
            f"\nmutants of the rules: {COUNTED['mutants']}, killed {COUNTED['killed']}, "
            f"equivalent {COUNTED['equivalent']}"
        )
    assert COUNTED["killed"] + COUNTED["equivalent"] == COUNTED["mutants"]
