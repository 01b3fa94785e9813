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
from app.security.roles import ALL_ROLES, BootstrapKey, Role
from telemetry.catalog.http import KNOWN_METHODS

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
    """Read the JSON object name -> hex SHA-256, or name -> {"sha256": ..., "roles": [...]}."""
    expected = (
        "must be a JSON object of key names, each with the hex SHA-256 of its key,"
        ' or with {"sha256": that, "roles": some of check, manage, audit}'
    )
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong(expected) from None
    if not isinstance(value, Mapping):
        raise _wrong(expected)
    keys = {name: _api_key(given) for name, given in value.items()}
    if "" in keys or None in keys.values():
        raise _wrong(expected)
    return keys


def _api_key(given: object) -> BootstrapKey | None:
    """Return the key that the settings describe, with all roles if they name none; else None."""
    if isinstance(given, str):
        given = {"sha256": given, "roles": list(ALL_ROLES)}
    match given:
        case BootstrapKey():
            return given
        case {"sha256": str(digest), "roles": [*roles]} if (
            _SHA256_HEX.fullmatch(digest.lower()) and roles and ALL_ROLES.issuperset(roles)
        ):
            return BootstrapKey(SecretStr(digest.lower()), frozenset(map(Role, roles)))
    return None


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


def _words(value: object) -> object:
    """Read words that are parted by commas."""
    if not isinstance(value, str):
        return value
    return frozenset(filter(None, (part.strip() for part in value.split(","))))


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
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    """Under which clients reach the service, as `https://pdp.example`; else host and port."""
    metrics_host: Host = "127.0.0.1"
    metrics_port: Port | None = None
    database_url: Annotated[SecretStr, _url_of("postgresql", "postgres")]
    database_service_url: Annotated[SecretStr, _url_of("postgresql", "postgres")] | None = None
    """For `migrate` alone: whom the service connects as, to be made where it is not there."""
    redis_url: Annotated[SecretStr, _url_of("redis", "rediss")] = SecretStr(
        "redis://127.0.0.1:6379/0"
    )
    redis_command_seconds: Seconds = 0.02
    database_pool_min: Annotated[int, Field(ge=0, le=1_000)] = 2
    database_pool_max: Annotated[int, Field(ge=1, le=1_000)] = 8
    database_acquire_seconds: Seconds = 1.0
    database_command_seconds: Seconds = 5.0
    database_waiting_max: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Callers that may wait for a connection at one time; one more is refused at once."""
    database_idle_transaction_seconds: Seconds = 10.0
    """After this the server ends a transaction that asks for nothing."""
    database_pgbouncer: bool = False
    """The database is behind a transaction-mode pgbouncer: nothing is kept on a connection."""
    web_replicas: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Web processes on the same database, for the sum of the pools at the start."""
    worker_replicas: Annotated[int, Field(ge=0, le=10_000)] = 1
    api_keys: Annotated[Mapping[str, BootstrapKey], NoDecode, BeforeValidator(_api_keys)] = Field(
        default_factory=dict
    )
    rate_limit_per_second: Annotated[int, Field(ge=0, le=1_000_000)] = 2_000
    """Requests of one key in each replica; 0 is no bound."""
    rate_limit_burst: Annotated[int, Field(ge=1, le=10_000_000)] = 4_000
    unauthenticated_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 60
    """Requests of one client address without a valid key, in each replica; 0 is no bound."""
    http_connections_max: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    http_head_bytes: Annotated[int, Field(ge=1_024, le=1_048_576)] = 16_384
    """Request line and headers together."""
    http_head_seconds: Seconds = 10.0
    http_body_seconds: Seconds = 10.0
    http_write_seconds: Seconds = 30.0
    """How long a client may take none of its answer."""
    trusted_proxies: Annotated[str, Field(max_length=4_096)] = ""
    """Addresses or networks, parted by commas, whose X-Forwarded-For is believed."""
    hsts_seconds: Annotated[int, Field(ge=0, le=315_360_000)] = 0
    """Strict-Transport-Security's max-age; 0 leaves the header out."""
    tls_certificate: Path | None = None
    """PEM file with the certificate chain; with it the service speaks TLS itself."""
    tls_key: Path | None = None
    smtp_host: Host = "127.0.0.1"
    smtp_port: Port = 1025
    smtp_tls: Literal["offered", "required", "implicit"] = "offered"
    """STARTTLS where the server offers it; no mail without; or TLS from the first byte."""
    smtp_user: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    smtp_password: Annotated[SecretStr, Field(min_length=1, max_length=1_024)] | None = None
    mail_from: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")] = "reports@sightline.example"
    lease_seconds: Seconds = 30.0
    poll_seconds: Seconds = 0.5
    max_attempts: Annotated[int, Field(ge=1, le=1_000)] = 5
    retry_seconds: Seconds = 1.0
    report_retention_days: Annotated[float, Field(gt=0, le=3_650, allow_inf_nan=False)] = 30.0
    audit_client_address: Literal["full", "network", "none"] = "full"
    """What of a client's address is put on record: all, its /24 or /48 network, or nothing."""
    audit_retention_days: Annotated[int, Field(ge=30, le=36_500)] | None = None
    """Sealed audit entries older than this are cut; unset keeps them for ever."""
    audit_key_file: Path | None = None
    """The key, at least 32 bytes, that signs what `python -m app audit export` writes."""
    stop_seconds: Seconds = 10.0
    remote_sampling_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    slow_seconds: Seconds = 1.0
    access_log_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    pseudonym_key: Annotated[SecretStr, Field(min_length=32, max_length=1_024)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    environment: Annotated[str, Field(min_length=1, max_length=64)] = _DEVELOPMENT
    traces_file: Path | None = None
    import_folder: Path | None = None
    """Where `POST /imports` may name files; unset, it takes uploads only."""
    import_max_bytes: Annotated[int, Field(ge=1, le=1_073_741_824)] = 67_108_864

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
    known_methods: Annotated[
        frozenset[str],
        NoDecode,
        BeforeValidator(_words),
        Field(validation_alias="OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"),
    ] = frozenset(KNOWN_METHODS)
    """Replaces the whole list, case-sensitively ("HTTP spans", semantic conventions)."""
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
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            expected = "SIGHTLINE_TLS_CERTIFICATE and SIGHTLINE_TLS_KEY must be given together"
            raise _wrong(expected)
        return self

    @validates_model(mode="after")
    def _smtp_login_is_whole_and_private(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_password is None):
            expected = "SIGHTLINE_SMTP_USER and SIGHTLINE_SMTP_PASSWORD must be given together"
            raise _wrong(expected)
        if self.smtp_user is not None and self.smtp_tls == "offered":
            expected = "SIGHTLINE_SMTP_USER takes SIGHTLINE_SMTP_TLS=required or implicit"
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
