"""The native copy of the containers' prometheus.yml: the same file, with other addresses.

`web:9464` becomes `127.0.0.1:<port>`, `/etc/prometheus/rules.yaml` the generated file. A service
that the native run does not know is an error, not an address that nobody answers.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from compose.native.errors import RunError
from compose.native.ports import HOST, Ports

_COMPRESSED_INTERVAL: Final = "1s"
_INTERVALS: Final = ("scrape_interval", "scrape_timeout", "evaluation_interval")

# The containers' address of each port, and its name in `Ports`.
_ADDRESSES: Final[Mapping[str, str]] = {
    "web:9464": "web_metrics",
    "worker:9465": "worker_metrics",
    "prometheus:9090": "prometheus",
    "alertmanager:9093": "alertmanager",
    "jaeger:8888": "jaeger_metrics",
}
_SERVICES: Final = "|".join(sorted({address.partition(":")[0] for address in _ADDRESSES}))
_ADDRESS: Final = re.compile(rf"(?<![\w.-])(?:{_SERVICES}):\d+\b")


def prometheus(source: str, ports: Ports, *, rules: Path, scale: int, jaeger: bool) -> str:
    """Return prometheus.yml for this machine; in compressed time it looks every second."""
    config = _native(yaml.safe_load(source), ports, {"/etc/prometheus/rules.yaml": str(rules)})
    if not jaeger:
        jobs = config["scrape_configs"]
        config["scrape_configs"] = [job for job in jobs if job["job_name"] != "jaeger"]
    if scale != 1:
        config["global"] |= dict.fromkeys(_INTERVALS, _COMPRESSED_INTERVAL)
        for job in config["scrape_configs"]:
            for name in _INTERVALS:
                job.pop(name, None)
    return yaml.safe_dump(config, sort_keys=False)


def _native(value: Any, ports: Ports, paths: Mapping[str, str]) -> Any:  # noqa: ANN401  # YAML
    if isinstance(value, dict):
        return {key: _native(item, ports, paths) for key, item in value.items()}
    if isinstance(value, list):
        return [_native(item, ports, paths) for item in value]
    if not isinstance(value, str):
        return value
    if value in paths:
        return paths[value]
    return _ADDRESS.sub(lambda found: _address(found.group(), ports), value)


def _address(text: str, ports: Ports) -> str:
    if text not in _ADDRESSES:
        message = f"the configuration names {text}, which the native run does not know"
        raise RunError(message)
    return f"{HOST}:{getattr(ports, _ADDRESSES[text])}"
