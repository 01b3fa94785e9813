import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.reports.address import ADDRESS_PATTERN, MAX_ADDRESS, domain_of, recipient_address


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example",
        "first.last+tag@sub.domain.example",
        "o'brien_{x}@xn--bcher-kva.example",
        "x" * 64 + "@d.example",
        "a@" + ".".join(["d" * 63] * 3) + "." + "e" * 60,
    ],
)
def test_plain_addresses_pass_unchanged(address: str) -> None:
    assert len(address) <= MAX_ADDRESS
    assert recipient_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "@b.example",
        "alice@",
        "alice@localhost",
        "alice@b..example",
        "alice@-b.example",
        ".alice@b.example",
        "al..ice@b.example",
        '"alice smith"@b.example',
        "alice@[127.0.0.1]",
        "Alice <alice@b.example>",
        "alice@b.example,bob@b.example",
        "alice@b.example bob@b.example",
        "älice@b.example",
        "=?utf-8?q?x?=@b.example",
        "a.=?b?@b.example",
        "alice@b.example\n",
        "alice@b.example\r\nBcc: bob@b.example",
        "ali\x00ce@b.example",
        "x" * 65 + "@d.example",
        "a@" + ".".join(["d" * 63] * 4) + ".example",
    ],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address") as refused:
        recipient_address(text)
    assert not text or text not in str(refused.value)


@given(st.from_regex(ADDRESS_PATTERN, fullmatch=True))
@example("=?utf-8?q?x?=@b.example")
def test_what_the_document_takes_can_stand_in_a_header(text: str) -> None:
    if re.search(ADDRESS_PATTERN, text):
        message = EmailMessage(policy=SMTP)
        message["To"] = Address(addr_spec=text)
        assert message["To"].addresses[0].addr_spec == text


@given(st.text(min_size=1) | st.from_regex(r"[^@]{1,5}@[^@]{1,5}\.[^@]{1,5}", fullmatch=True))
@example("a@b.c\r\nX: y")
def test_what_passes_can_end_no_header_and_no_command(text: str) -> None:
    try:
        address = recipient_address(text)
    except ValueError:
        return
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>,;:"()[]\\')
    assert len(address) <= MAX_ADDRESS
    assert address.count("@") == 1


def test_the_domain_is_what_follows_the_sign() -> None:
    assert domain_of("reports@sightline.example") == "sightline.example"
