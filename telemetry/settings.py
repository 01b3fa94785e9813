"""What a service says about its telemetry: plain values, checked when they are made."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from telemetry.catalog.http import KNOWN_METHODS
from telemetry.errors import SettingsError
from telemetry.logging import LEVELS, RENDERERS

COMPRESSIONS: Final = ("none", "gzip")

_MAX_PORT: Final = 65_535
_SHORTEST_KEY: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Raises `SettingsError`, with one clear line, where a value is of no use.

    `metrics_port` 0 takes a free port. `traces_file`, where set, takes the spans as OTLP JSON lines
    in place of the collector at `otlp_endpoint`, which `otlp_compression` sends "none" or "gzip".
    `sampling_ratio` (0 to 1) is for traces that begin
    here; of the callers' wishes to be sampled, `remote_sampling_ratio` are followed (lower it where
    anyone may call). Failed requests and those of at least `slow_seconds` are kept in any case; of
    the access lines of all others, `access_log_ratio` are written. Methods outside `known_methods`
    are shown as `_OTHER`. `attributes` are the service's
    own that may leave in spans and log lines, beside those of `telemetry.catalog`. `pseudonym_key`
    (16 bytes or more) hashes the names of persons; the default one is this process's alone.
    """

    service_name: str
    service_version: str = "0"
    service_namespace: str = ""
    environment: str = "development"
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9464
    otlp_endpoint: str = "http://127.0.0.1:4318"
    otlp_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    otlp_compression: str = "none"
    traces_file: Path | None = None
    sampling_ratio: float = 1.0
    remote_sampling_ratio: float = 1.0
    slow_seconds: float = 1.0
    log_level: str = "info"
    log_format: str = "json"
    access_log_ratio: float = 1.0
    known_methods: frozenset[str] = frozenset(KNOWN_METHODS)
    attributes: tuple[str, ...] = ()
    pseudonym_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def __post_init__(self) -> None:
        if not self.service_name:
            message = "service_name must not be empty"
            raise SettingsError(message)
        if self.otlp_compression not in COMPRESSIONS:
            message = f"otlp_compression must be one of {', '.join(COMPRESSIONS)}"
            raise SettingsError(message)
        if self.log_level not in LEVELS:
            message = f"log_level must be one of {', '.join(LEVELS)}"
            raise SettingsError(message)
        if self.log_format not in RENDERERS:
            message = f"log_format must be one of {', '.join(RENDERERS)}"
            raise SettingsError(message)
        for name in ("sampling_ratio", "remote_sampling_ratio", "access_log_ratio"):
            if not 0 <= getattr(self, name) <= 1:  # not a number is in no range
                message = f"{name} must be between 0 and 1"
                raise SettingsError(message)
        if len(self.pseudonym_key) < _SHORTEST_KEY:
            message = f"pseudonym_key must have at least {_SHORTEST_KEY} bytes"
            raise SettingsError(message)
        if not 0 <= self.metrics_port <= _MAX_PORT:
            message = f"metrics_port must be between 0 and {_MAX_PORT}"
            raise SettingsError(message)
