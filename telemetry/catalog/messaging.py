"""Messaging signals (semantic conventions 1.44, "Messaging metrics" and "Messaging spans")."""

from typing import Final

from telemetry.catalog import attributes
from telemetry.catalog.declarations import Counter, Histogram, Label

SEND: Final = "send"
RECEIVE: Final = "receive"
PROCESS: Final = "process"

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

SYSTEM: Final = Label(attributes.MESSAGING_SYSTEM)
OPERATION_NAME: Final = Label(attributes.MESSAGING_OPERATION_NAME, (SEND, RECEIVE, PROCESS))
OPERATION_TYPE: Final = Label(attributes.MESSAGING_OPERATION_TYPE, (SEND, RECEIVE))
DESTINATION: Final = Label(attributes.MESSAGING_DESTINATION_NAME)
ERROR_TYPE: Final = Label(attributes.ERROR_TYPE)

OPERATION_DURATION: Final = Histogram(
    name="messaging.client.operation.duration",
    unit="s",
    description="Time of handing a message to the queue, or of asking the queue for one.",
    labels=(SYSTEM, OPERATION_NAME, OPERATION_TYPE, DESTINATION, ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)
SENT_MESSAGES: Final = Counter(
    name="messaging.client.sent.messages",
    unit="{message}",
    description="Messages that a producer handed to the queue, or tried to.",
    labels=(SYSTEM, OPERATION_NAME, DESTINATION, ERROR_TYPE),
)
CONSUMED_MESSAGES: Final = Counter(
    name="messaging.client.consumed.messages",
    unit="{message}",
    description="Messages that the queue delivered to a consumer; one that is tried twice is two.",
    labels=(SYSTEM, OPERATION_NAME, DESTINATION, ERROR_TYPE),
)
PROCESS_DURATION: Final = Histogram(
    name="messaging.process.duration",
    unit="s",
    description="Time that a consumer spent on one message.",
    labels=(SYSTEM, OPERATION_NAME, DESTINATION, ERROR_TYPE),
    buckets=DURATION_BUCKETS,
)
WAIT_DURATION: Final = Histogram(
    # The conventions have no metric for it, and their namespace is not for names of others.
    name="queue.wait.duration",
    unit="s",
    description="Time from when a message was due until a consumer took it.",
    labels=(DESTINATION,),
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)

METRICS: Final = (
    OPERATION_DURATION,
    SENT_MESSAGES,
    CONSUMED_MESSAGES,
    PROCESS_DURATION,
    WAIT_DURATION,
)
