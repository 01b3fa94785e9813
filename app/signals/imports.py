"""Imports of files: accepted, read in portions, checkpointed, finished.

`app.batches` emits them; batches of users are in `app.signals.user_batches`.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Gauge, Histogram, Label, Span, SpanKind

IMPORT_KIND: Final = Label("import.kind", ("users", "groups", "memberships", "parents", "grants"))
ROW_OUTCOME: Final = Label("import.row.outcome", ("added", "unchanged", "rejected"))
IMPORT_BATCH_OUTCOME: Final = Label("import.batch.outcome", ("committed", "failed", "fenced"))
IMPORT_OUTCOME: Final = Label("import.outcome", ("done", "failed", "handed_back", "interrupted"))

IMPORT_ID: Final = "import.id"
IMPORT_BYTES: Final = "import.bytes"
IMPORT_ROWS: Final = "import.rows"
IMPORT_REJECTED: Final = "import.rejected"

IMPORT_ROWS_READ: Final = Counter(
    name="import.rows",
    unit="{row}",
    description="Rows of imported files whose fate is committed, by kind and outcome.",
    labels=(IMPORT_KIND, ROW_OUTCOME),
)
IMPORT_BATCH_DURATION: Final = Histogram(
    name="import.batch.duration",
    unit="s",
    description="Duration of writing a portion of a file and its checkpoint, by outcome.",
    labels=(IMPORT_BATCH_OUTCOME,),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IMPORT_CHECKPOINT_AGE: Final = Gauge(
    name="import.checkpoint.age",
    unit="s",
    description="Time since the import in hand last committed; 0 where the process has none.",
)
IMPORTS_FINISHED: Final = Counter(
    name="import.finished",
    unit="{import}",
    description="Imports that a process put down, by how.",
    labels=(IMPORT_OUTCOME,),
)

ENQUEUE_IMPORT: Final = Span(
    "send imports", SpanKind.PRODUCER, "An import is accepted; its context travels on."
)
PROCESS_IMPORT: Final = Span(
    "process imports", SpanKind.CONSUMER, "An import is run; linked to the request for it."
)
IMPORT_BATCH: Final = Span(
    "import.batch", SpanKind.INTERNAL, "A portion of a file is committed with its checkpoint."
)

IMPORT_ACCEPTED: Final = Event("import.accepted", "An import was put on record.")
IMPORT_STARTED: Final = Event("import.started", "An import runs, from its checkpoint.")
IMPORT_WAITING: Final = Event(
    "import.waiting", "The database did not take a portion; the import waits and tries again."
)
IMPORT_FINISHED: Final = Event("import.finished", "An import is at its end.")
IMPORT_FAILED: Final = Event("import.failed", "An import failed for good.")
IMPORT_HANDED_BACK: Final = Event(
    "import.handed_back", "A process that had to stop left an import at its checkpoint."
)
IMPORT_INTERRUPTED: Final = Event(
    "import.interrupted", "A try of an import ended without its end; another follows."
)
IMPORT_HOLDER_ENDED: Final = Event(
    "import.holder_ended",
    "The connection of a process that stands still was ended: its import goes on elsewhere.",
)
