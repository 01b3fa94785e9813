import pytest

from telemetry.redaction import describe_exception, redact_query


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "access_token",
        "password",
        "sig",
        "Signature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "AWSAccessKeyId",
        "X-Goog-Signature",
        "api_key",
    ],
)
def test_secret_values_go_and_their_keys_stay(key: str) -> None:
    query = f"page=2&{key}=hunter2&sort=asc".encode()
    assert redact_query(query) == f"page=2&{key}=REDACTED&sort=asc"


def test_an_ordinary_query_stays_as_it_is() -> None:
    assert redact_query(b"page=2&designer=x&flag") == "page=2&designer=x&flag"


def test_a_chain_is_told_without_messages() -> None:
    def fail() -> None:
        try:
            int("hunter2")
        except ValueError as error:
            message = f"wrapped {error}"
            raise RuntimeError(message) from error

    with pytest.raises(RuntimeError) as raised:
        fail()
    told = describe_exception(raised.value)
    assert "builtins.ValueError" in told
    assert "builtins.RuntimeError" in told
    assert "invalid literal" not in told


def test_a_loop_of_causes_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert describe_exception(first).count("builtins.") == 2
