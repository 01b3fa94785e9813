import pytest

from telemetry.errors import SettingsError
from telemetry.settings import TelemetrySettings


@pytest.mark.parametrize("name", ["sampling_ratio", "remote_sampling_ratio", "access_log_ratio"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_share_is_between_none_and_all(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be between 0 and 1$"):
        TelemetrySettings(service_name="shop", **{name: value})  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "wrong",
    [
        {"service_name": ""},
        {"log_level": "loud"},
        {"log_format": "xml"},
        {"metrics_port": 70_000},
        {"pseudonym_key": b"short"},
    ],
    ids=str,
)
def test_a_wrong_value_is_named_in_one_line(wrong: dict[str, object]) -> None:
    [name] = wrong
    with pytest.raises(SettingsError, match=f"^{name} must .+$") as refused:
        TelemetrySettings(**{"service_name": "shop", **wrong})  # type: ignore[arg-type]  # by name
    assert "\n" not in str(refused.value)
