"""The semantic conventions 1.44, as their own package has them, and our exceptions to them.

Which names exist, and which are stable or deprecated, is read from `opentelemetry.semconv`. What
the conventions do not name stands here with its reason.
"""

import ast
import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from opentelemetry import semconv

from telemetry import catalog

CONVENTIONS = Path(semconv.__file__).parent


class Convention(NamedTuple):
    """A name of the conventions and what their package says of it."""

    text: str
    stable: bool

    @property
    def deprecated(self) -> bool:
        return self.text.strip().startswith("Deprecated")

    def says(self, what: str) -> str:
        found = re.search(rf"^{what}: (.+)$", self.text, re.MULTILINE)
        return found[1] if found else ""


def conventions(kind: str) -> dict[str, Convention]:
    found: dict[str, Convention] = {}
    for folder in (CONVENTIONS / "_incubating" / kind, CONVENTIONS / kind):
        for path in folder.glob("*.py"):
            body = ast.parse(path.read_text()).body
            for named, described in pairwise(body):
                match named, described:
                    case (
                        ast.AnnAssign(value=ast.Constant(value=str() as name)),
                        ast.Expr(value=ast.Constant(value=str() as text)),
                    ):
                        found[name] = Convention(text, "_incubating" not in path.parts)
                    case _:
                        pass
    return found


ATTRIBUTES: Final = conventions("attributes")
METRICS: Final = conventions("metrics")

OWN_ATTRIBUTES: Final = {
    "correlation_id": "the caller's ID; the conventions have it for messages only",
    "metric.name": "which metric reached its bound",
    "telemetry.*": "what this package says of itself; theirs is telemetry.sdk",
    "generation": "of prometheus_client's collectors, as every Python service exports it",
    **dict.fromkeys(("implementation", "major", "minor", "patchlevel", "version"), "the same"),
}
OWN_METRICS: Final = {
    "queue.wait.duration": "the conventions measure sending and processing, not the wait between",
    "asyncio.event_loop.lag": "the conventions know Node's event loop only",
    "service.build.info": "Prometheus' way to join a version to any series",
    "telemetry.*": "what this package drops, bounds and holds; otel.sdk.* is used where it fits",
    "process.*": "of prometheus_client's collectors, as every Python service exports it",
    "python.*": "the same",
}
IN_DEVELOPMENT: Final = {
    "messaging.*": "all of messaging is",
    "db.client.connection.*": "all of connection pools is",
    "db.response.returned_rows": "the only name for it",
    "cpython.gc.generation": "the only name for it",
    "thread.name": "the only name for it",
    "user.hash": "the only name for a person that is none",
    "http.server.active_requests": "the only name for it",
    "otel.sdk.*": "all of the SDK's own metrics is",
}


def listed(name: str, among: Iterable[str]) -> bool:
    return any(
        name == entry or (entry.endswith("*") and name.startswith(entry[:-1])) for entry in among
    )


def catalog_attributes() -> set[str]:
    return {
        *catalog.ATTRIBUTES,
        *(label.attribute for metric in catalog.METRICS for label in metric.labels),
    }


def is_current(name: str) -> bool:
    """An attribute that may be used: of the conventions and not deprecated, or ours."""
    known = ATTRIBUTES.get(name)
    return not known.deprecated if known else listed(name, OWN_ATTRIBUTES)
