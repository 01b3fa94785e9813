"""Searches of Jaeger from declarations: which traces a panel shows.

As a query of Prometheus, a search is made of declared things alone: a span, a label's attribute.
What failed is found by an exact value of an attribute: Jaeger 2 in memory finds nothing by its own
`error=true`.
"""

from dataclasses import dataclass
from typing import Final

from telemetry.catalog import DeclarationError, Label
from telemetry.catalog.declarations import Span

DATA_SOURCE: Final = "jaeger"
"""The uid that Jaeger is provisioned under, as exemplars name it too."""

PAGE: Final = "http://localhost:16686"
"""Jaeger's own page, where the data source's file leads exemplars too."""

WEB: Final = "sightline-web"
WORKER: Final = "sightline-worker"
"""The names of the services, under which their traces are kept."""

_MOST: Final = 20
_MILLISECONDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The latest traces of a service with such a span in them.

    `operation` is the span, `where` are attributes with their values, `slower_than` is in seconds.
    """

    service: str
    operation: Span | None = None
    where: tuple[tuple[Label, str], ...] = ()
    slower_than: float | None = None
    limit: int = _MOST

    def __post_init__(self) -> None:
        if self.service not in {WEB, WORKER}:
            message = f"a search of traces: {self.service!r} is no service of ours"
            raise DeclarationError(message)
        for label, value in self.where:
            if label.values is not None and value not in label.values:
                message = (
                    f"a search of traces: label {label.attribute!r} never has the value {value!r}"
                )
                raise DeclarationError(message)

    @property
    def shortest(self) -> str | None:
        """The least duration, as Jaeger reads it."""
        return None if self.slower_than is None else f"{self.slower_than * _MILLISECONDS:g}ms"

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes that the span must have."""
        return {label.attribute: value for label, value in self.where}
