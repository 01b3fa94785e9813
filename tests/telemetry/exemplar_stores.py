"""Prometheus, which keeps exemplars, and Jaeger, where they lead: the real ones."""

import time
from pathlib import Path
from typing import Any

import httpx

from compose.native.tools import Tools
from tests.servers import Server, free_port

_CONFIG = Path(__file__).parents[2] / "compose" / "jaeger" / "config.yaml"


def is_ready(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def get(url: str, **parameters: str | float) -> Any:  # noqa: ANN401  # JSON
    answer = httpx.get(url, params=parameters, trust_env=False)
    assert answer.status_code == 200
    return answer.json()["data"]


class Prometheus(Server):
    """Scrapes one service, each second."""

    def __init__(self, folder: Path, metrics_port: int) -> None:
        super().__init__(folder)
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            f"- {{job_name: outage, static_configs: [{{targets: ['127.0.0.1:{metrics_port}']}}]}}\n"
        )
        self._url = f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [
            *(*self._guard, str(Tools().find("prometheus"))),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            "--enable-feature=exemplar-storage",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def ready(self) -> bool:
        return is_ready(f"{self._url}/-/ready")

    def value(self, query: str) -> float:
        """Return the value of a query with one answer; 0 where there is none yet."""
        found = get(f"{self._url}/api/v1/query", query=query)["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def exemplars(self, query: str) -> set[tuple[str, str]]:
        """Return the trace and span IDs of the exemplars of the last minutes."""
        now = time.time()
        found = get(f"{self._url}/api/v1/query_exemplars", query=query, start=now - 600, end=now)
        return {
            (exemplar["labels"]["trace_id"], exemplar["labels"]["span_id"])
            for series in found
            for exemplar in series["exemplars"]
        }


class Jaeger(Server):
    """Takes spans over OTLP/HTTP."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._otlp_port = free_port()
        self._health_port = free_port()
        self._url = f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._otlp_port}"

    def command(self) -> list[str]:
        ports = {
            "QUERY_HTTP": self.port,
            "QUERY_GRPC": free_port(),
            "METRICS": free_port(),
            "HEALTH": self._health_port,
            "OTLP_GRPC": free_port(),
            "OTLP_HTTP": self._otlp_port,
        }
        return [
            *("env", "JAEGER_LISTEN_HOST=127.0.0.1"),
            *(f"JAEGER_{name}_PORT={port}" for name, port in ports.items()),
            *(*self._guard, str(Tools().find("jaeger")), "--config", f"file:{_CONFIG}"),
        ]

    def ready(self) -> bool:
        return is_ready(f"http://127.0.0.1:{self._health_port}/status") and is_ready(
            f"{self._url}/api/services"
        )

    def spans(self, trace_id: str) -> set[str]:
        """Return the IDs of a trace's spans; none where the trace is not there."""
        answer = httpx.get(f"{self._url}/api/traces/{trace_id}", trust_env=False)
        assert answer.status_code in {200, 404}
        return {span["spanID"] for trace in answer.json()["data"] or () for span in trace["spans"]}

    def requests(self, service: str) -> int:
        """Return the number of server spans of a service."""
        traces = get(f"{self._url}/api/traces", service=service, limit=5_000, lookback="1h")
        return sum(
            tag["key"] == "span.kind" and tag["value"] == "server"
            for trace in traces
            for span in trace["spans"]
            for tag in span["tags"]
        )
