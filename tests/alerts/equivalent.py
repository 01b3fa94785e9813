"""Changes of rules that change nothing: each with the reason, so that no case can notice them."""

import re
from typing import Final

from tests.alerts.mutations import Mutant

_JOINED: Final = (
    "the sums are joined by `job` and `instance`, and the other side still asks for the job"
)
_JOINED_BY_JOB: Final = "the sums are joined by `job`, and the other side still asks for it"
_OF_ONE_JOB: Final = "an instance belongs to one job, and each side asks for the job"
_BY_ZERO: Final = "it is multiplied by 0: of it only that there is a process counts"
_JOINED_BY_SLO: Final = "`on (slo)` joins what the other selectors name"

_REASONS: Final = (
    (r"Watchdog", r"\d\. 1 is .*", "it fires on any value, and tells none"),
    (r"TelemetrySpansDropped", r"[13467]\. without job.*", _JOINED),
    (
        r"TelemetrySpansDropped",
        r"1[0145]\. \[5m\] .*",
        _BY_ZERO,
    ),
    (
        r"Telemetry(LogLinesDropped|ExemplarLinksLost|InputRefused)",
        r"[13]\. without job.*",
        _JOINED,
    ),
    (r"MemoryGrowing|ClockSkewed", r"[12]\. without job.*", _JOINED),
    (r"CredentialsRefused", r"[13]\. without job.*", _JOINED_BY_JOB),
    (r"TrafficStopped", r"[134]\. without job.*", _JOINED_BY_JOB),
    (r"DatabaseUnavailable", r"[12]\. without job.*", _JOINED),
    (r"DatabasePoolSaturated", r"[14]\. without job.*", _JOINED),
    (r"AlertmanagerClusterSplit", r"[12]\. without job.*", _JOINED),
    (r"\w+: instance:slo_bad_events:increase1m", r"2\. without job.*", _JOINED),
    (
        r"ReportDeliveryBudgetBurn: instance:slo_events:increase1m",
        r"[124]\. without job.*",
        _JOINED,
    ),
    (r"ReportDeliveryBudgetBurn: instance:slo_events:increase1m", r"9\. \[1m\] longer", _BY_ZERO),
    (
        r"\w+: instance:slo_(bad_)?events:increase1m",
        r"\d+\. or on \(job, instance\) without job",
        _OF_ONE_JOB,
    ),
    (r"TelemetryInputRefused", r"\d+\. on \(job, instance\) without job", _OF_ONE_JOB),
    (r"\w+BudgetBurn \w+", r"[135]\. without slo.*", _JOINED_BY_SLO),
    (r"\w+: slo:budget_exhaustion:seconds", r"[12]\. without slo.*", _JOINED_BY_SLO),
    (
        r"\w+: slo:budget_exhaustion:seconds",
        r"\d\. 0\.000001 is .*",
        "a burn rate that small lasts longer than the period, which is the most that is said",
    ),
)


def reason(mutant: Mutant) -> str | None:
    """Return why a change makes no difference; None where it must make one."""
    for rule, change, why in _REASONS:
        if re.fullmatch(rule, mutant.rule) and re.fullmatch(change, mutant.change):
            return why
    return None
