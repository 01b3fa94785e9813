"""What a service says about its telemetry: plain values, checked when they are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from telemetry.errors import SettingsError
from telemetry.logging import LEVELS, RENDERERS

_MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Raises `SettingsError`, with one clear line, where a value is of no use.

    `metrics_port` 0 takes a free port. `traces_file`, where set, takes the spans as OTLP JSON lines
    in place of the collector at `otlp_endpoint`. `sampling_ratio` (0 to 1) is for traces that begin
    here; of the callers' wishes to be sampled, `remote_sampling_ratio` are followed (lower it where
    anyone may call). Failed requests and those of at least `slow_seconds` are kept in any case.
    """

    service_name: str
    service_version: str = "0"
    service_namespace: str = ""
    environment: str = "development"
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464
    otlp_endpoint: str = "http://127.0.0.1:4318"
    otlp_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    traces_file: Path | None = None
    sampling_ratio: float = 1.0
    remote_sampling_ratio: float = 1.0
    slow_seconds: float = 1.0
    log_level: str = "info"
    log_format: str = "json"

    def __post_init__(self) -> None:
        if not self.service_name:
            message = "service_name must not be empty"
            raise SettingsError(message)
        if self.log_level not in LEVELS:
            message = f"log_level must be one of {', '.join(LEVELS)}"
            raise SettingsError(message)
        if self.log_format not in RENDERERS:
            message = f"log_format must be one of {', '.join(RENDERERS)}"
            raise SettingsError(message)
        for name in ("sampling_ratio", "remote_sampling_ratio"):
            if not 0 <= getattr(self, name) <= 1:  # not a number is in no range
                message = f"{name} must be between 0 and 1"
                raise SettingsError(message)
        if not 0 <= self.metrics_port <= _MAX_PORT:
            message = f"metrics_port must be between 0 and {_MAX_PORT}"
            raise SettingsError(message)
