"""The audit trail after an entry is recorded: sealed, verified, cut.

`app.audit` emits them: its sealer, its retention and each verification over HTTP.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Gauge, Histogram, Label

AUDIT_FAILURE: Final = Label("audit.failure", ("database", "restored", "unexpected"))

ENTRIES: Final = "audit.entries"

AUDIT_SEALED: Final = Counter(
    name="audit.entries.sealed",
    unit="{entry}",
    description="Audit entries that were chained.",
)
AUDIT_LAG: Final = Gauge(
    name="audit.sealing.lag",
    unit="s",
    description="Age of the oldest audit entry that is not chained yet.",
)
AUDIT_SEALING_TIME: Final = Histogram(
    name="audit.sealing.time",
    unit="s",
    description="Time from recording an audit entry to chaining it.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
AUDIT_FAILURES: Final = Counter(
    name="audit.sealing.failures",
    unit="{attempt}",
    description="Attempts to chain audit entries that failed, by cause.",
    labels=(AUDIT_FAILURE,),
)

AUDIT_ENTRIES_SEALED: Final = Event("audit.sealed", "Audit entries were chained.")
AUDIT_SEALING_FAILED: Final = Event(
    "audit.sealing_failed", "Audit entries could not be chained; it is tried again."
)
AUDIT_BROKEN: Final = Event("audit.broken", "A verification found the audit trail tampered with.")
AUDIT_UNMET: Final = Event(
    "audit.unmet", "The audit trail is sound in itself, but not the one that a caller brought."
)
AUDIT_CUT: Final = Event("audit.cut", "Audit entries past their retention were removed.")
AUDIT_CUT_FAILED: Final = Event(
    "audit.cut_failed", "Audit entries past their retention could not be removed."
)
