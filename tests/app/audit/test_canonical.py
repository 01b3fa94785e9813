import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.canonical import canonical, narrowed
from app.audit.chain import digest_of, link_hash
from app.database.audit_rows import StoredEntry

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def test_members_are_in_the_order_of_rfc_8785() -> None:
    """The example of its section 3.2.3."""
    members = ("\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6")
    given_order = canonical(dict.fromkeys(members, 0)).decode()
    assert list(json.loads(given_order)) == [
        "\r",
        "1",
        "\x80",
        "\xf6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_strings_are_escaped_as_in_rfc_8785() -> None:
    """The example of its section 3.2.2, but for the numbers."""
    text = '\u20ac$\x0f\nA\'B"\\\\"/'
    assert canonical(text).decode() == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


@given(_ANY)
def test_what_is_narrowed_has_one_form(value: object) -> None:
    once = narrowed(value)
    assert narrowed(once) == once
    assert canonical(json.loads(canonical(once))) == canonical(once)
    assert "\0" not in json.dumps(once, ensure_ascii=False)


@pytest.mark.parametrize("value", [1.5, float("nan"), 2**53, "\ud800", "\0", {1: 2}])
def test_what_has_several_forms_becomes_text(value: object) -> None:
    assert (
        canonical(narrowed([value])).isascii() or "\ufffd" in canonical(narrowed([value])).decode()
    )
    assert json.loads(canonical(narrowed([value])))[0] != value


def test_the_documented_example() -> None:
    """`docs/audit.md` has the same bytes and hashes."""
    entry = StoredEntry(
        id=1,
        xid=742,
        at="2026-01-31T09:30:00.000000Z",
        actor="deploy",
        action="grant.add",
        object="doc:1",
        outcome="done",
        service="sightline-web",
        instance="host:17",
        client_address=None,
        correlation_id="c-1",
        trace_id=None,
        details='{"user": "bob", "action": "read"}',
    )
    said = (
        b'{"action":"grant.add","actor":"deploy","at":"2026-01-31T09:30:00.000000Z",'
        b'"client_address":null,"correlation_id":"c-1","details":{"action":"read","user":"bob"},'
        b'"instance":"host:17","object":"doc:1","outcome":"done","service":"sightline-web",'
        b'"trace_id":null,"xid":"742"}'
    )
    digest = digest_of(entry)
    assert digest == hashlib.sha256(said).digest()
    link = f'{{"digest":"{digest.hex()}","entry":1,"number":1,"previous":"{"0" * 64}","xid":"742"}}'
    assert link_hash(1, 1, 742, digest, bytes(32)) == hashlib.sha256(link.encode()).digest()


@pytest.mark.parametrize("details", ['{"n": 1e999}', '{"n": 10000000000000000000}', "[" * 100_000])
def test_details_that_nobody_recorded_are_no_error(details: str) -> None:
    entry = StoredEntry(1, 1, "x", "a", "b", "c", "d", "e", "f", None, None, None, details)
    assert digest_of(entry) != digest_of(
        StoredEntry(1, 1, "x", "a", "b", "c", "d", "e", "f", None, None, None, "{}")
    )
