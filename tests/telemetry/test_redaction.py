import re
from re import _parser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telemetry.redaction import (
    _CREDENTIALS,
    MASKS,
    clean,
    describe_exception,
    mask_credentials,
    redact_query,
    redact_url,
)

SECRET = "hunter2-Zx81Qq"

SECRET_KEYS = [
    "token",
    "access_token",
    "accessToken",
    "password",
    "PASSWD",
    "client_secret",
    "sig",
    "Signature",
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "AWSAccessKeyId",
    "X-Goog-Signature",
    "api_key",
    "apikey",
    "session",
    "sessionid",
    "code",
    "pin",
    "pass",
    "userpass",
    "password2",
    "pin1",
    "pinCode",
    "cvv",
    "cvc2",
    "mfa",
    "ssn_last4",
    "secret_answer",
    "token_value",
    "authValue",
]


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("value", [SECRET, "1234", "true"])
def test_values_of_secret_keys_go_whatever_they_look_like(key: str, value: str) -> None:
    query = f"page=2&{key}={value}&sort=asc"
    assert redact_query(query.encode()) == f"page=2&{key}=REDACTED&sort=asc"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("page=2&sort=desc&flag=true", "page=2&sort=desc&flag=true"),
        ("user=alice", "user=REDACTED"),
        ("account=40061", "account=REDACTED"),
        ("mail=a%40b.example", "mail=REDACTED"),
        ("alice@mail.example", "REDACTED"),
        ("%74oken=1234", "REDACTED=REDACTED"),
        ("a=1;token=hush", "a=REDACTED"),
        ("author=12&keyword=3&design=4&spinner=5", "author=12&keyword=3&design=4&spinner=5"),
        ("page=", "page="),
        ("a=1&&b=2", "a=1&&b=2"),
        ("page=2=3", "page=REDACTED"),
        ("page=2\n", "page=REDACTED"),
        ("page=\u0662", "page=REDACTED"),
        ("", ""),
    ],
)
def test_only_values_that_name_nobody_are_shown(query: str, shown: str) -> None:
    assert redact_query(query) == shown


def test_a_query_is_cut() -> None:
    assert len(redact_query(b"page=1&" * 10_000)) <= 1024


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.test/a/b?page=2", "https://example.test/a/b?page=2"),
        (f"https://u:{SECRET}@example.test:8443/", "https://REDACTED:REDACTED@example.test:8443/"),
        (f"https://{SECRET}@example.test", "https://REDACTED:REDACTED@example.test"),
        (f"postgresql://u:p@{SECRET}@db/x", "postgresql://REDACTED:REDACTED@db/x"),
        (f"redis://:{SECRET}@[::1]:6379/0", "redis://REDACTED:REDACTED@[::1]:6379/0"),
        (f"https://e.test/#{SECRET}", "https://e.test/#REDACTED"),
        (f"https://e.test/?X-Amz-Signature={SECRET}", "https://e.test/?X-Amz-Signature=REDACTED"),
        (f"postgresql://u:a/{SECRET}@db/x", "postgresql://REDACTED"),
        (f"postgresql://u:a#{SECRET}@db/x", "postgresql://REDACTED"),
        (SECRET, "REDACTED"),
    ],
)
def test_a_url_shows_neither_credentials_nor_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert SECRET not in redact_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0.0.0",
        "curl/8.16.0",
        "python-httpx/0.28.1",
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
        "sightline.example",
        "db-1.internal.example",
    ],
)
def test_what_clients_usually_say_of_themselves_stays(text: str) -> None:
    assert mask_credentials(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"agent/1 Bearer {SECRET}",
        f"agent/1 (basic {SECRET})",
        f"agent/1 api_key={SECRET}",
        f"agent/1 X-Token: {SECRET}",
        f"agent/1 token_value={SECRET}",
        f"agent/1 password2 = {SECRET}",
        f"agent/1 {'a.' * 100}pin={SECRET}",
        f"agent/1 (+https://u:{SECRET}@bot.example)",
        f"agent/1 ({SECRET}@mail.example)",
        f"agent/1 ghp_{SECRET}".replace("-", ""),
        "agent/1 eyJhbGciOiJub25lIn0.hunter2-Zx81Qq.c2ln",
        f"agent/1 {'ab12' * 5}{SECRET}{'ab12' * 5}",
    ],
)
def test_what_looks_like_a_credential_goes(text: str) -> None:
    assert mask_credentials(text).startswith("agent/1 ")
    assert SECRET not in mask_credentials(text)
    assert SECRET.replace("-", "") not in mask_credentials(text)


def begins_with_a_repeat(pattern: re.Pattern[str]) -> bool:
    """Tell whether the pattern's first characters may be any number of a kind."""
    parts = list(_parser.parse(pattern.pattern, pattern.flags))
    while parts:
        operation, argument = parts[0]
        if str(operation) == "AT":  # the edge of a word, which takes no character
            parts = parts[1:]
        elif str(operation) == "SUBPATTERN":
            parts = [*argument[-1], *parts[1:]]
        else:
            return "REPEAT" in str(operation)
    return False


def test_a_mask_that_begins_with_a_repeat_is_recognised() -> None:
    assert begins_with_a_repeat(re.compile(r"\b([\w.-]*token)="))
    assert not begins_with_a_repeat(re.compile(r"(?<!\w)\w+@"))


def test_no_mask_begins_with_a_repeat() -> None:
    assert [pattern for pattern, _ in _CREDENTIALS if begins_with_a_repeat(pattern)] == []


@pytest.mark.parametrize("word", ["a.", "a-", "auth.", "pin.", "token_", "eyJ-", "sk-", "a1-"])
def test_a_clients_words_are_cut(word: str) -> None:
    assert len(mask_credentials(word * 10_000)) <= 1024


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("url.full", f"https://u:{SECRET}@e.test/", "https://REDACTED:REDACTED@e.test/"),
        ("url.full", (f"https://u:{SECRET}@e.test/", 7), ["https://REDACTED:REDACTED@e.test/", 7]),
        (
            "db.query.text",
            "SELECT 1 FROM a WHERE b = 'hunter2-Zx81Qq'",
            "SELECT ? FROM a WHERE b = ?",
        ),
        ("db.query.text", 7, 7),
        ("http.route", "/a", "/a"),
    ],
)
def test_an_attribute_is_cleaned_by_its_name(name: str, value: object, shown: object) -> None:
    assert clean(name, value) == shown


@given(st.sampled_from(sorted(MASKS)), st.text(max_size=200))
@example("user_agent.original", "0@0@0")
def test_cleaning_twice_is_cleaning_once(name: str, text: str) -> None:
    once = clean(name, text)
    assert clean(name, once) == once


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


def test_a_groups_members_are_told_without_notes() -> None:
    member = KeyError(SECRET)
    member.add_note(SECRET)
    told = describe_exception(ExceptionGroup(SECRET, [member, OSError(SECRET)]))
    assert {"builtins.ExceptionGroup", "builtins.KeyError", "builtins.OSError"} <= set(
        told.splitlines()
    )
    assert SECRET not in told


class LookedAtError(ValueError):
    """Counts how often its cause is asked for."""

    times = 0

    @property
    def __suppress_context__(self) -> bool:  # type: ignore[override]  # asked for with the cause
        LookedAtError.times += 1
        return True


def test_of_many_exceptions_the_first_are_told_and_the_others_not_looked_at() -> None:
    told = describe_exception(ExceptionGroup("", [LookedAtError() for _ in range(20_000)]))
    assert told.startswith("builtins.ExceptionGroup\nduring:\n")
    assert "LookedAtError" in told
    assert len(told) <= 16_384
    assert 100 < LookedAtError.times < 1_000


def deeper(left: int) -> None:
    deeper_with_a_name_that_is_long_to_tell(left - 1)


def deeper_with_a_name_that_is_long_to_tell(left: int) -> None:
    if not left:
        raise KeyError(SECRET)
    deeper(left)


@pytest.mark.parametrize(("depth", "least"), [(10, 1_000), (400, 10_000)])
def test_of_a_long_stack_the_end_is_told(depth: int, least: int) -> None:
    with pytest.raises(KeyError) as raised:
        deeper(depth)
    told = describe_exception(raised.value)
    assert told.endswith("raise KeyError(SECRET)\nbuiltins.KeyError")
    assert ("test_of_a_long_stack" in told) is (depth == 10)
    assert least < len(told) <= 16_384


def test_a_loop_of_causes_ends() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert describe_exception(first).count("builtins.") == 2
