"""Who is let in: refusals before any work, connections, and how fresh the API keys are.

`app.http.protocol`, `app.http.authentication` and `app.security` emit them, before any other part
of the service sees a request.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Gauge, Label

REFUSAL_REASON: Final = Label(
    "access.refusal.reason",
    (
        "unauthenticated",
        "address_limited",
        "forbidden",
        "key_limited",
        "head_too_large",
        "head_too_slow",
        "answer_not_read",
        "malformed",
        "connections",
    ),
)

REFUSALS: Final = Counter(
    name="access.refusals",
    unit="{refusal}",
    description="Requests and connections turned away before any work, by reason.",
    labels=(REFUSAL_REASON,),
)
CONNECTIONS: Final = Gauge(
    name="access.connections",
    unit="{connection}",
    description="Connections of clients that are open.",
)
KEYS_AGE: Final = Gauge(
    name="access.keys.age",
    unit="s",
    description="Time since the API keys on record were confirmed; past 2 s they are refused.",
)

KEYS_UNCONFIRMED: Final = Event(
    "keys.unconfirmed", "The API keys on record cannot be confirmed and are refused."
)
