"""Recipient addresses: what may stand in a mail's envelope and headers.

Narrower than RFC 5321 on purpose: ASCII, no quoted local parts, no address literals, a dotted
domain, and no question mark, with which a header's encoded word begins (RFC 2047). What passes has
no character that could end a header or an SMTP command.
"""

import re
from typing import Final

MAX_ADDRESS: Final = 254
"""Characters of the longest path that SMTP carries (RFC 5321, erratum 1690)."""

_MAX_LOCAL: Final = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+")

ADDRESS_PATTERN: Final = rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+$"
"""The same for a schema; lengths are apart."""


def recipient_address(text: str) -> str:
    """Return `text` if it is one plain address, else raise `ValueError` (without the text)."""
    match = _ADDRESS.fullmatch(text) if len(text) <= MAX_ADDRESS else None
    if match is None or len(match[1]) > _MAX_LOCAL:
        message = "not an e-mail address of the form name@domain"
        raise ValueError(message)
    return text


def domain_of(address: str) -> str:
    """Return what stands after the `@`."""
    return address.rpartition("@")[2]
