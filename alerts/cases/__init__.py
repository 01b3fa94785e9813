"""The tests of the rules, as data: `python -m alerts test` runs them through promtool."""

from typing import Any

from alerts.cases import (
    audit,
    burn_edges,
    burn_rate,
    caches,
    causes,
    clients,
    dependencies,
    edges,
    monitoring,
    processes,
    reports,
    telemetry,
)
from alerts.cases.model import Case, Kind
from alerts.clock import Clock
from alerts.links import Links
from alerts.rules import Group
from app.objectives import OBJECTIVES

__all__ = ["Case", "Kind", "all_cases", "document"]


def all_cases(clock: Clock, links: Links) -> tuple[Case, ...]:
    """Return every case, in the order of the rules."""
    of_objectives = (
        case
        for objective in OBJECTIVES
        for case in (*burn_rate.cases(objective, clock, links), *burn_edges.cases(objective))
    )
    return (
        *of_objectives,
        *causes.cases(links),
        *telemetry.cases(links),
        *audit.cases(links),
        *caches.cases(links),
        *dependencies.cases(links),
        *reports.cases(links),
        *monitoring.cases(links),
        *processes.cases(links),
        *clients.cases(links),
        *edges.cases(),
    )


def document(
    rules_file: str, groups: tuple[Group, ...], clock: Clock, links: Links
) -> dict[str, Any]:
    """Return the test file for `rules_file`, which stands beside it and holds these groups."""
    interval = clock.evaluation_interval
    return {
        "rule_files": [rules_file],
        # The rules' own interval: the sums of events depend on it.
        "evaluation_interval": interval,
        # Without it promtool takes the groups in no order, and alerts may lag one step behind.
        "group_eval_order": [group.name for group in groups],
        "tests": [case.document(interval) for case in all_cases(clock, links)],
    }
