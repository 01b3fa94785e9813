from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.native import render
from compose.native.errors import RunError
from compose.native.ports import Ports

_ROOT = Path(__file__).resolve().parents[3]
_PORTS = Ports(web_metrics=11, worker_metrics=12, prometheus=13, alertmanager=14)


def _prometheus(*, scale: int = 1, jaeger: bool = True) -> dict[str, Any]:
    source = (_ROOT / "compose" / "prometheus" / "prometheus.yml").read_text()
    text = render.prometheus(
        source, _PORTS, rules=Path("/run/rules.yaml"), scale=scale, jaeger=jaeger
    )
    rendered: dict[str, Any] = yaml.safe_load(text)
    return rendered


def _targets(config: dict[str, Any]) -> dict[str, str]:
    return {
        job["job_name"]: job["static_configs"][0]["targets"][0] for job in config["scrape_configs"]
    }


def test_the_containers_prometheus_is_told_this_machines_addresses() -> None:
    config = _prometheus()
    assert _targets(config) == {
        "sightline-web": "127.0.0.1:11",
        "sightline-worker": "127.0.0.1:12",
        "prometheus": "127.0.0.1:13",
        "alertmanager": "127.0.0.1:14",
        "jaeger": "127.0.0.1:8888",
    }
    assert config["rule_files"] == ["/run/rules.yaml"]
    alertmanagers = config["alerting"]["alertmanagers"][0]["static_configs"][0]
    assert alertmanagers["targets"] == ["127.0.0.1:14"]


def test_only_compressed_time_changes_the_intervals() -> None:
    source = yaml.safe_load((_ROOT / "compose" / "prometheus" / "prometheus.yml").read_text())
    assert _prometheus()["global"] == source["global"]
    compressed = _prometheus(scale=60)
    assert set(compressed["global"].values()) == {"1s"}
    assert not any("scrape_interval" in job for job in compressed["scrape_configs"])


def test_a_jaeger_that_is_not_here_is_not_scraped() -> None:
    assert "jaeger" not in _targets(_prometheus(jaeger=False))


def _jobs(*targets: str) -> str:
    jobs = [{"job_name": each, "static_configs": [{"targets": [each]}]} for each in targets]
    return yaml.safe_dump({"global": {}, "scrape_configs": jobs})


def _rendered(source: str) -> dict[str, str]:
    text = render.prometheus(source, _PORTS, rules=Path("/r"), scale=1, jaeger=True)
    return _targets(yaml.safe_load(text))


def test_a_name_that_only_ends_like_a_service_stays() -> None:
    assert list(_rendered(_jobs("my-web:9464", "my.web:9464")).values()) == [
        "my-web:9464",
        "my.web:9464",
    ]


def test_an_address_that_the_native_run_does_not_know_is_an_error() -> None:
    with pytest.raises(RunError, match="the configuration names worker:1234"):
        _rendered(_jobs("worker:1234"))
