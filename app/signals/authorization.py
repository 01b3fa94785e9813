"""Checks of permissions, and changes to the grants and relations they are decided from.

`app.authorization` emits them; what its caches tell is in `app.signals.caches`.
"""

from typing import Final

from telemetry.catalog.declarations import Counter, Event, Histogram, Label, Span, SpanKind

DECISION: Final = Label("authorization.decision", ("allow", "deny"))
DECISION_SOURCE: Final = Label("authorization.decision.source", ("l1", "l2", "database"))
CHANGE: Final = Label("authorization.change", ("grant", "revoke"))
RELATION: Final = Label("authorization.relation", ("membership", "parent", "implication"))
RELATION_CHANGE: Final = Label("authorization.relation.change", ("add", "remove"))
GRAPH_LIMIT: Final = Label("authorization.graph.limit", ("depth", "fan_out"))

SUBJECT_HASH: Final = "authorization.subject.hash"
"""Whose permission it is about, as a keyed hash; `user.hash` is who asks."""

CHECK_DURATION: Final = Histogram(
    name="authorization.check.duration",
    unit="s",
    description="Duration of permission checks, by decision and by the layer that answered.",
    labels=(DECISION, DECISION_SOURCE),
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
CHECK_BATCH_SIZE: Final = Histogram(
    name="authorization.batch.size",
    unit="{check}",
    description="Checks that one batch asks for.",
    buckets=(1, 2, 5, 10, 20, 50, 100),
)
GRAPH_LIMITS_EXCEEDED: Final = Counter(
    name="authorization.graph.limits_exceeded",
    unit="{check}",
    description="Checks that could not be decided within the graph's limits.",
    labels=(GRAPH_LIMIT,),
)
GRANT_CHANGES: Final = Counter(
    name="authorization.grant.changes",
    unit="{change}",
    description="Grants added and revoked.",
    labels=(CHANGE,),
)
RELATION_CHANGES: Final = Counter(
    name="authorization.relation.changes",
    unit="{change}",
    description="Memberships of groups, parents of resources and implied actions that changed.",
    labels=(RELATION, RELATION_CHANGE),
)

EVALUATE: Final = Span("grants.evaluate", SpanKind.INTERNAL, "Decision from the grants on record.")
EVALUATE_MANY: Final = Span(
    "grants.evaluate_many", SpanKind.INTERNAL, "Decisions of a batch, in one statement."
)
EXPLAIN: Final = Span("grants.explain", SpanKind.INTERNAL, "A decision with what allows it.")

GRANT_CHANGED: Final = Event("grant.changed", "A grant was added or revoked.")
RELATION_CHANGED: Final = Event(
    "relation.changed", "A membership, a resource's parent or an implied action changed."
)
