"""The service's settings: typed, frozen, read once from the environment.

Names are `SIGHTLINE_*`, plus OpenTelemetry's own `OTEL_*`. Secrets are kept in types that do not
print them; a wrong setting is reported by its name and what it takes, never by its value.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic import model_validator as validates_model
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SettingsError

_PREFIX: Final = "SIGHTLINE_"
_POSTGRESQL_PORT: Final = 5432
_DEVELOPMENT: Final = "development"
_SHA256_HEX: Final = re.compile(r"[0-9a-f]{64}")

Host = Annotated[str, Field(min_length=1, max_length=255)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]


def _wrong(expected: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{expected}", {"expected": expected})


def _url_of(*schemes: str) -> AfterValidator:
    """Accept a URL of one of the schemes with a host; the URL may hold a password."""

    def check(value: SecretStr) -> SecretStr:
        expected = f"must be a URL such as {schemes[0]}://host:port/name"
        try:
            parts = urlsplit(value.get_secret_value())
            port = parts.port
        except ValueError:
            raise _wrong(expected) from None
        if parts.scheme not in schemes or not parts.hostname or port == 0:
            raise _wrong(expected)
        return value

    return AfterValidator(check)


def _api_keys(value: object) -> object:
    """Read the JSON object name -> hex SHA-256 of the key."""
    expected = "must be a JSON object of key names, each with the hex SHA-256 of its key"
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong(expected) from None
    if not isinstance(value, Mapping):
        raise _wrong(expected)
    for name, digest in value.items():
        if not name or not isinstance(digest, str) or not _SHA256_HEX.fullmatch(digest.lower()):
            raise _wrong(expected)
    return {name: SecretStr(digest.lower()) for name, digest in value.items()}


def _pairs(value: object) -> object:
    """Read OpenTelemetry's `key=value,key=value`; values are percent-encoded."""
    if not isinstance(value, str):
        return value
    pairs: dict[str, str] = {}
    for member in filter(None, (part.strip() for part in value.split(","))):
        key, equals, content = member.partition("=")
        if not equals or not key.strip():
            expected = "must be key=value pairs, parted by commas"
            raise _wrong(expected)
        pairs[key.strip()] = unquote(content.strip())
    return pairs


@dataclass(frozen=True, slots=True)
class StopBudget:
    """Seconds for each step of a graceful stop; together less than SIGHTLINE_STOP_SECONDS."""

    finishing: float
    closing: float
    flushing: float


class Settings(BaseSettings):
    """Every setting of the web and the worker process."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_ignore_empty=True,  # as OpenTelemetry reads its variables: empty is unset
        frozen=True,
        populate_by_name=True,
    )

    http_host: Host = "127.0.0.1"
    http_port: Port = 8000
    metrics_host: Host = "127.0.0.1"
    metrics_port: Port | None = None
    database_url: Annotated[SecretStr, _url_of("postgresql", "postgres")]
    redis_url: Annotated[SecretStr, _url_of("redis", "rediss")] = SecretStr(
        "redis://127.0.0.1:6379/0"
    )
    database_pool_min: Annotated[int, Field(ge=0, le=1_000)] = 2
    database_pool_max: Annotated[int, Field(ge=1, le=1_000)] = 8
    database_acquire_seconds: Seconds = 1.0
    database_command_seconds: Seconds = 5.0
    api_keys: Annotated[Mapping[str, SecretStr], NoDecode, BeforeValidator(_api_keys)] = Field(
        default_factory=dict
    )
    smtp_host: Host = "127.0.0.1"
    smtp_port: Port = 1025
    mail_from: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")] = "reports@sightline.example"
    lease_seconds: Seconds = 30.0
    poll_seconds: Seconds = 0.5
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 5
    stop_seconds: Seconds = 10.0
    remote_sampling_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    slow_seconds: Seconds = 1.0
    access_log_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    pseudonym_key: Annotated[SecretStr, Field(min_length=32, max_length=1_024)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    environment: Annotated[str, Field(min_length=1, max_length=64)] = _DEVELOPMENT
    traces_file: Path | None = None

    otlp_endpoint: Annotated[
        str, Field(validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT", pattern=r"^https?://[^/\s]+")
    ] = "http://127.0.0.1:4318"
    otlp_headers: Annotated[
        Mapping[str, str],
        NoDecode,
        BeforeValidator(_pairs),
        Field(validation_alias="OTEL_EXPORTER_OTLP_HEADERS", repr=False),
    ] = Field(default_factory=dict)
    otlp_compression: Annotated[
        Literal["none", "gzip"], Field(validation_alias="OTEL_EXPORTER_OTLP_COMPRESSION")
    ] = "none"
    traces_sampler: Annotated[
        Literal["parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"],
        Field(validation_alias="OTEL_TRACES_SAMPLER"),
    ] = "parentbased_always_on"
    traces_sampler_arg: Annotated[
        float, Field(validation_alias="OTEL_TRACES_SAMPLER_ARG", ge=0, le=1)
    ] = 1.0
    sdk_disabled: Annotated[bool, Field(validation_alias="OTEL_SDK_DISABLED")] = False

    @validates_model(mode="after")
    def _pool_bounds(self) -> Self:
        if self.database_pool_min > self.database_pool_max:
            expected = "SIGHTLINE_DATABASE_POOL_MIN must not exceed SIGHTLINE_DATABASE_POOL_MAX"
            raise _wrong(expected)
        return self

    @validates_model(mode="after")
    def _names_are_hashed_alike(self) -> Self:
        if self.pseudonym_key is None and self.environment != _DEVELOPMENT:
            expected = f"SIGHTLINE_PSEUDONYM_KEY is required outside of {_DEVELOPMENT}"
            raise _wrong(expected)
        return self

    @property
    def database_address(self) -> str:
        """Host and port of the database, for messages: without user, password and name."""
        parts = urlsplit(self.database_url.get_secret_value())
        return f"{parts.hostname}:{parts.port or _POSTGRESQL_PORT}"

    @property
    def stop_budget(self) -> StopBudget:
        """How the time between the signal to stop and the exit is shared out."""
        return StopBudget(
            finishing=self.stop_seconds * 0.65,
            closing=self.stop_seconds * 0.1,
            flushing=self.stop_seconds * 0.2,
        )

    @property
    def sampling_ratio(self) -> float:
        """The share of traces that begin here which is kept, 0 to 1."""
        if self.sdk_disabled or self.traces_sampler == "parentbased_always_off":
            return 0.0
        if self.traces_sampler == "parentbased_traceidratio":
            return self.traces_sampler_arg
        return 1.0


def read_settings(**given: Any) -> Settings:  # noqa: ANN401  # the fields of Settings, by name
    """Return the settings of the environment, or raise `SettingsError` in one line."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("; ".join(map(_one_problem, error.errors()))) from None


def _one_problem(problem: Any) -> str:  # noqa: ANN401  # pydantic's ErrorDetails
    if not problem["loc"]:
        return str(problem["msg"])
    name = str(problem["loc"][0])
    variable = name if name.startswith("OTEL_") else _PREFIX + name.upper()
    if problem["type"] == "missing":
        return f"{variable} is required"
    reason = problem["msg"].removeprefix("Input should ")
    return f"{variable} {reason}" if reason.startswith("must") else f"{variable} should {reason}"
