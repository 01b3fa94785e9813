"""What the platform counted: off the replicas' own pages, and out of Prometheus."""

import json
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from bench.load.client import Counted
from telemetry.catalog import database, http

_PATIENCE_SECONDS: Final = 30.0
_HEALTH: Final = ("/livez", "/readyz")
_METHOD, _ROUTE, _STATUS = (
    label.prometheus_name for label in (http.METHOD, http.ROUTE, http.STATUS_CODE)
)
REQUESTS: Final = f"{http.REQUEST_DURATION.prometheus_name}_count"
_USED: Final = f"{database.USE_TIME.prometheus_name}_sum"
_WAITED: Final = f"{database.WAIT_TIME.prometheus_name}_sum"
_MOST: Final = database.CONNECTION_MAX.prometheus_name
_POOL: Final = database.POOL.prometheus_name


@dataclass(frozen=True, slots=True)
class Pool:
    """A replica's pool: connection-seconds lent, seconds waited for, and how many there may be."""

    used: float
    waited: float
    most: float


def pools(metrics_port: int) -> dict[str, Pool]:
    """Return the pools of a replica by name, as it exposes them itself."""
    with urllib.request.urlopen(  # ours
        f"http://127.0.0.1:{metrics_port}/metrics", timeout=_PATIENCE_SECONDS
    ) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        found = {
            (sample.name, sample.labels[_POOL]): sample.value
            for family in families
            for sample in family.samples
            if sample.name in {_USED, _WAITED, _MOST}
        }
    return {
        name: Pool(found.get((_USED, name), 0.0), found.get((_WAITED, name), 0.0), most)
        for (series, name), most in found.items()
        if series == _MOST
    }


class Prometheus:
    """A running Prometheus, asked over HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url

    def vector(self, query: str) -> list[tuple[Mapping[str, str], float]]:
        """Return the labels and the value of every series that an instant query finds."""
        words = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(  # noqa: S310  # ours
            f"{self._url}/api/v1/query?{words}", timeout=_PATIENCE_SECONDS
        ) as answer:
            found = json.load(answer)["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def number(self, query: str) -> float:
        """Return the one value that a query finds; 0 where it finds none."""
        return sum(value for _, value in self.vector(query))

    def requests(self, job: str) -> Counter[Counted]:
        """Return the requests of all instances by method, route and status, without the probes."""
        by = f"{_METHOD}, {_ROUTE}, {_STATUS}"
        found = self.vector(f'sum by ({by}) ({REQUESTS}{{job="{job}"}})')
        return counted(found)


def counted(series: Sequence[tuple[Mapping[str, str], float]]) -> Counter[Counted]:
    """Return series of requests as counts, the probes left out."""
    return Counter(
        {
            (labels[_METHOD], labels[_ROUTE], int(labels[_STATUS])): round(value)
            for labels, value in series
            if labels[_ROUTE] not in _HEALTH
        }
    )
