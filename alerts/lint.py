"""What every rule must satisfy beyond being valid, found without running anything."""

import re
from collections.abc import Iterator
from typing import Final

from alerts import declared
from alerts.clock import Clock
from alerts.durations import seconds
from alerts.naming import Severity
from alerts.rules import AlertRule, Group, alerts_of

_LONGEST_NAME: Final = 40
_MOST_RULES: Final = 20
_DEMANDED: Final = ("summary", "description", "runbook_url", "dashboard_url", "graph_url")


def problems(groups: tuple[Group, ...], clock: Clock) -> Iterator[str]:
    """Yield a line for each rule that breaks a habit."""
    for group in groups:
        if len(group.rules) > _MOST_RULES:
            yield f"group {group.name}: {len(group.rules)} rules, at most {_MOST_RULES}"
        for rule in group.rules:
            named = rule.subject if isinstance(rule, AlertRule) else rule.record
            yield from (f"{named}: {each}" for each in declared.unknown_in_query(rule.expression))
    subjects = [rule.subject for rule in alerts_of(groups)]
    for subject in sorted({one for one in subjects if subjects.count(one) > 1}):
        yield f"{subject}: two rules cannot be told apart"
    for rule in alerts_of(groups):
        yield from (f"{rule.subject}: {problem}" for problem in _problems(rule, clock))


def _problems(rule: AlertRule, clock: Clock) -> Iterator[str]:
    if not re.fullmatch(r"([A-Z][a-z0-9]+)+", rule.name) or len(rule.name) > _LONGEST_NAME:
        yield f"a name is CamelCase of at most {_LONGEST_NAME} characters"
    missing = [name for name in _DEMANDED if not rule.annotations.get(name)]
    if missing:
        yield f"no {', '.join(missing)}"
    for text in rule.annotations.values():
        yield from declared.unknown_in_template(text)
    summary = rule.annotations.get("summary", "")
    if not re.fullmatch(r"[A-Z][^{}]*\.", summary):
        yield "a summary is a sentence without templates: a capital first, a full stop last"
    if any("$value" in text for text in rule.labels.values()):
        yield "a value in a label makes a new alert at every evaluation"
    if not rule.annotations.get("runbook_url", "").endswith(f"/{rule.name}"):
        yield "the runbook's address ends in the alert's name"
    if rule.severity is Severity.INFO:
        return
    if rule.hold is None or seconds(rule.hold) < 2 * seconds(clock.scrape_interval):
        yield "it must hold for two scrapes at least"
