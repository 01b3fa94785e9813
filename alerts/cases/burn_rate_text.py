"""What a burn-rate alert must say, put together by hand from the share of bad events."""

from decimal import Decimal

from alerts import naming
from alerts.cases.model import Fired
from alerts.durations import seconds
from alerts.links import Links
from alerts.windows import BurnWindow
from telemetry.catalog.objectives import Objective

_TRACES = {
    "api-availability": (
        "sightline-web",
        "",
        "&tags=%7B%22http.response.status_code%22%3A%22503%22%7D",
    ),
    "check-latency": ("sightline-web", "", "&minDuration=100ms"),
    "report-delivery": ("sightline-worker", "&operation=process%20mail", ""),
}
"""Service, operation, and what narrows the search; the sealer has no spans."""

_TICKETS_ONLY = ("report-delivery", "audit-sealing")


class ExpectedText:
    """Writes the labels and annotations that an objective's alerts must carry."""

    def __init__(self, objective: Objective, links: Links) -> None:
        self._objective = objective
        self._links = links
        self._budget = 1 - Decimal(str(objective.target))

    def fired(self, pair: BurnWindow, share: float, second: int) -> Fired:
        """Return the alert of a window at that second, its share of bad events being constant.

        Nothing else was ever measured, so the same share holds for the whole period.
        """
        objective, slug = self._objective, self._objective.slug
        ratio, burn = f"{share * 100:.4g}%", f"{share / float(self._budget):.1f}x"
        present = "" if pair.short == "5m" else f", {ratio} over 5m"
        start = second - seconds(pair.long)
        allowed = f"{self._budget * 100:f}".rstrip("0").rstrip(".")
        factor = f"{pair.factor(objective.window_days):f}".rstrip("0").rstrip(".")
        return Fired(
            labels={
                "severity": "warning" if slug in _TICKETS_ONLY else pair.severity.value,
                "slo": slug,
                "window": pair.long,
            },
            annotations={
                "summary": f"The error budget of {slug} burns too fast.",
                "description": (
                    f"{objective.promise} Over the last {pair.long}, {ratio} of them broke the "
                    f"promise: {burn.removesuffix('x')} times what it allows."
                ),
                "error_ratio": (
                    f"{ratio} over {pair.long}, {ratio} over {pair.short}{present} "
                    f"({allowed}% is allowed)"
                ),
                "burn_rate": (
                    f"{burn} over {pair.long}, {burn} over {pair.short} "
                    f"(this alert starts at {factor}x)"
                ),
                "budget": f"all of the {objective.window_days}d budget is spent",
                "runbook_url": f"{self._links.runbooks}/{naming.burn_alert(objective)}",
                "dashboard_url": (
                    f"{self._links.grafana}/d/sightline-slos?from={start * 1000}&to=now"
                ),
                **self._traces(start),
                "graph_url": (
                    f"{self._links.prometheus}/graph?g0.expr=slo%3Aburn_rate%3Aratio%7Bslo%3D%22"
                    f"{slug}%22%7D&g0.tab=0&g0.range_input={pair.long}"
                ),
            },
        )

    def _traces(self, start: int) -> dict[str, str]:
        if self._objective.slug not in _TRACES:
            return {}
        service, operation, only = _TRACES[self._objective.slug]
        search = f"{self._links.jaeger}/search?service={service}{operation}&limit=20"
        return {"traces_url": f"{search}&lookback=custom&start={start * 1_000_000}{only}"}
