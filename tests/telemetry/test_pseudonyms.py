import hashlib
import hmac

import pytest

from telemetry.catalog import Span, SpanKind
from telemetry.catalog.attributes import USER_HASH
from telemetry.errors import SettingsError
from telemetry.pseudonyms import Pseudonyms
from telemetry.runtime import TelemetrySettings
from telemetry.testing import captured_telemetry

WORK = Span("work", SpanKind.INTERNAL, "Some work.")
KEY = b"k" * 32


def test_a_pseudonym_is_half_of_an_hmac_sha256() -> None:
    expected = hmac.new(KEY, "grüße".encode(), hashlib.sha256).hexdigest()[:32]
    assert Pseudonyms(KEY).of("grüße") == expected


def test_another_key_gives_another_pseudonym() -> None:
    assert Pseudonyms(KEY).of("alice") != Pseudonyms(b"x" * 32).of("alice")


def test_a_name_that_is_no_unicode_has_one_too() -> None:
    assert len(Pseudonyms(KEY).of("\ud800")) == 32


def test_the_current_span_is_marked() -> None:
    with captured_telemetry(pseudonym_key=KEY) as captured:
        with captured.telemetry.tracing.span(WORK):
            captured.telemetry.pseudonyms.mark(USER_HASH, "alice")
        attributes = captured.span("work").attributes
    assert attributes == {"user.hash": Pseudonyms(KEY).of("alice")}


def test_without_a_key_each_process_has_one_of_its_own() -> None:
    keys = {TelemetrySettings(service_name="shop").pseudonym_key for _ in range(2)}
    assert len(keys) == 2


def test_a_key_is_not_printed_and_not_short() -> None:
    settings = TelemetrySettings(service_name="shop", pseudonym_key=b"hush hush hush hush")
    assert "hush" not in repr(settings)
    with pytest.raises(SettingsError, match="pseudonym_key must have at least"):
        TelemetrySettings(service_name="shop", pseudonym_key=b"hush")
