"""Messaging signals (semantic conventions 1.44, "Messaging metrics" and "Messaging spans")."""

from typing import Final

from telemetry.catalog import attributes
from telemetry.catalog.declarations import Counter, Histogram, Label

DURATION_BUCKETS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
)

DESTINATION: Final = Label(attributes.MESSAGING_DESTINATION_NAME)
ERROR_TYPE: Final = Label(attributes.ERROR_TYPE)

SENT_MESSAGES: Final = Counter(
    name="messaging.client.sent.messages",
    unit="{message}",
    description="Messages that a producer handed to the queue.",
    labels=(DESTINATION, ERROR_TYPE),
)
PROCESS_DURATION: Final = Histogram(
    name="messaging.process.duration",
    unit="s",
    description="Time that a consumer spent on one message.",
    labels=(DESTINATION, ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)

METRICS: Final = (SENT_MESSAGES, PROCESS_DURATION)
