"""What the catalog declares and the proof's traffic never brings up, each with the reason.

A metric that shows all the same is taken out here; `prove` holds it so.
"""

from typing import Final

from telemetry.catalog import Label, Metric, messaging

UNEMITTED: Final[dict[Metric, str]] = {}

UNSEEN: Final[dict[tuple[Metric, Label], str]] = {
    (messaging.CONSUMED_MESSAGES, messaging.ERROR_TYPE): (
        "It takes a database that dies between the claim of a message and its answer."
    ),
}
