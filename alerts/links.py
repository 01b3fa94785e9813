"""Where a notification leads: every address is made here.

The bases are those of the default ports; another run gives its own (`--base-url jaeger=…`).
Times in links are templates: they are filled in when the alert is evaluated.
"""

import json
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import quote, urlencode

from alerts.durations import seconds
from alerts.templating import time_before

OBJECTIVES_BOARD: Final = "sightline-slos"
SERVICE_BOARD: Final = "sightline-service-overview"
REPORTS_BOARD: Final = "sightline-reports"
BATCHES_BOARD: Final = "sightline-batches"
AUDIT_BOARD: Final = "sightline-audit"
AUTHORIZATION_BOARD: Final = "sightline-authorization"
DATABASE_BOARD: Final = "sightline-database"
ACCESS_BOARD: Final = "sightline-access"
RUNTIME_BOARD: Final = "sightline-runtime"
TELEMETRY_BOARD: Final = "sightline-telemetry-health"
"""The `uid` of a board that `dashboards` builds."""

TEMPLATE: Final = "{}$"
"""What a template such as `{{$labels.job}}` is written with: no quoting may touch it."""

_MICROSECONDS: Final = 1_000_000
_MILLISECONDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Links:
    """Base URLs without a slash at the end; an empty one is not running, and not linked to."""

    grafana: str = "http://localhost:3000"
    jaeger: str = "http://localhost:16686"
    prometheus: str = "http://localhost:9090"
    runbooks: str = "http://localhost:8026/runbooks"

    @classmethod
    def with_bases(cls, bases: dict[str, str]) -> "Links":
        """Return the defaults with some bases replaced; `ValueError` on an unknown name."""
        known = [field.name for field in fields(cls)]
        for name in bases.keys() - set(known):
            message = f"no base URL is called {name!r}; there are {', '.join(known)}"
            raise ValueError(message)
        for name in ("prometheus", "runbooks"):
            if not bases.get(name, "/"):
                message = f"the base URL {name!r} may not be empty: every notification needs it"
                raise ValueError(message)
        return replace(cls(), **{name: url.rstrip("/") for name, url in bases.items()})

    def runbook(self, alert: str) -> str:
        """Return the page of an alert: its name is the address."""
        return f"{self.runbooks}/{alert}"

    def board(self, uid: str, lookback: str) -> str:
        """Return a board that starts `lookback` before the alert and runs to now."""
        if not self.grafana:
            return ""
        start = time_before(seconds(lookback), _MILLISECONDS)
        return f"{self.grafana}/d/{uid}?from={start}&to=now"

    def graph(self, expression: str, lookback: str) -> str:
        """Return Prometheus' graph of an expression."""
        query = {"g0.expr": expression, "g0.tab": "0", "g0.range_input": lookback}
        return f"{self.prometheus}/graph?{urlencode(query, quote_via=quote)}"

    def traces(
        self,
        service: str,
        lookback: str,
        *,
        operation: str | None = None,
        tag: tuple[str, str] | None = None,
        slower_than: float | None = None,
    ) -> str:
        """Return Jaeger's search for the service's traces from `lookback` before the alert on.

        `operation` is a span's name, `tag` a span attribute and its value (a template is left as it
        is); `slower_than` is in seconds. Jaeger's own `error=true` is not used: version 2 in memory
        finds nothing by it.
        """
        if not self.jaeger:
            return ""
        parts = [f"service={quote(service, safe=TEMPLATE)}", "limit=20", "lookback=custom"]
        parts.append(f"start={time_before(seconds(lookback), _MICROSECONDS)}")
        if operation:
            parts.insert(1, f"operation={quote(operation, safe=TEMPLATE)}")
        if tag:
            name, value = tag
            empty = quote(json.dumps({name: ""}, separators=(",", ":")))
            closing = quote('"}')
            parts.append(f"tags={empty.removesuffix(closing)}{value}{closing}")
        if slower_than is not None:
            parts.append(f"minDuration={slower_than * 1000:g}ms")
        return f"{self.jaeger}/search?{'&'.join(parts)}"
