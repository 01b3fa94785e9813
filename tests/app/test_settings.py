"""Settings: each wrong one named in one line, none of their values told."""

import pytest

from app.errors import SettingsError
from app.settings import read_settings

REQUIRED = {"SIGHTLINE_DATABASE_URL": "postgresql://user:hush@db/sightline"}

WRONG = {
    "SIGHTLINE_HTTP_PORT": "hush",
    "SIGHTLINE_METRICS_PORT": "70000",
    "SIGHTLINE_HTTP_HOST": "h" * 300,
    "SIGHTLINE_DATABASE_URL": "mysql://user:hush@db/sightline",
    "SIGHTLINE_REDIS_URL": "redis://:hush@host:port/0",
    "SIGHTLINE_DATABASE_POOL_MIN": "9",
    "SIGHTLINE_DATABASE_POOL_MAX": "0",
    "SIGHTLINE_DATABASE_ACQUIRE_SECONDS": "nan",
    "SIGHTLINE_DATABASE_COMMAND_SECONDS": "-1",
    "SIGHTLINE_API_KEYS": '{"ops": "hush"}',
    "SIGHTLINE_MAIL_FROM": "hush\nBcc: everyone@example.com",
    "SIGHTLINE_MAX_ATTEMPTS": "0",
    "SIGHTLINE_ACCESS_LOG_RATIO": "1.1",
    "SIGHTLINE_PSEUDONYM_KEY": "hush",
    "SIGHTLINE_LOG_LEVEL": "hush",
    "SIGHTLINE_LOG_FORMAT": "xml",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "hush",
    "OTEL_EXPORTER_OTLP_HEADERS": "hush",
    "OTEL_TRACES_SAMPLER": "hush",
    "OTEL_TRACES_SAMPLER_ARG": "2",
    "OTEL_SDK_DISABLED": "hush",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_a_wrong_setting_is_named_in_one_line_without_its_value(
    name: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    told = str(refused.value)
    assert name in told
    assert "\n" not in told
    assert "hush" not in told


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGHTLINE_DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match=r"^SIGHTLINE_DATABASE_URL is required$"):
        read_settings()


def test_several_wrong_settings_are_named_together(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SIGHTLINE_HTTP_PORT", "x")
    environment.setenv("SIGHTLINE_LOG_LEVEL", "y")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert "SIGHTLINE_HTTP_PORT" in str(refused.value)
    assert "SIGHTLINE_LOG_LEVEL" in str(refused.value)


@pytest.mark.usefixtures("environment")
def test_the_defaults_are_those_of_the_contract() -> None:
    settings = read_settings()
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8000)
    assert (settings.metrics_host, settings.metrics_port) == ("127.0.0.1", None)
    assert (settings.database_pool_min, settings.database_pool_max) == (2, 8)
    assert settings.sampling_ratio == 1.0


def test_secrets_are_not_printed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SIGHTLINE_API_KEYS", '{"ops": "' + "ab" * 32 + '"}')
    environment.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20hush")
    environment.setenv("SIGHTLINE_PSEUDONYM_KEY", "hush" * 8)
    settings = read_settings()
    assert settings.otlp_headers == {"authorization": "Basic hush"}
    for secret in ("hush", "abab"):
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_names_are_hashed_alike_everywhere_but_in_development(
    environment: pytest.MonkeyPatch,
) -> None:
    assert read_settings().pseudonym_key is None
    environment.setenv("SIGHTLINE_ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match=r"^SIGHTLINE_PSEUDONYM_KEY is required outside of dev"):
        read_settings()
    environment.setenv("SIGHTLINE_PSEUDONYM_KEY", "k" * 32)
    assert read_settings().pseudonym_key is not None


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio"),
    [
        ("parentbased_always_on", "0.1", 1.0),
        ("parentbased_always_off", "0.1", 0.0),
        ("parentbased_traceidratio", "0.1", 0.1),
        ("parentbased_traceidratio", "", 1.0),
    ],
)
def test_the_sampler_is_opentelemetrys(
    sampler: str, argument: str, ratio: float, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("OTEL_TRACES_SAMPLER", sampler)
    environment.setenv("OTEL_TRACES_SAMPLER_ARG", argument)
    assert read_settings().sampling_ratio == ratio


@pytest.mark.usefixtures("environment")
def test_a_stop_is_shared_out_within_its_deadline() -> None:
    settings = read_settings(stop_seconds=4)
    budget = settings.stop_budget
    assert budget.finishing + budget.closing + budget.flushing < 4
