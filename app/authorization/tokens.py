"""Consistency tokens (Zanzibar's zookies): the epoch of a write, as callers carry it about.

A token is opaque: an epoch's number and its mark, in base64 that is safe in URLs. It names nobody.
"""

import base64
import binascii
import re
import struct
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from uuid import UUID

from app.authorization.model import EpochId
from app.errors import ProblemError

HEADER: Final = "Consistency-Token"
"""The response header of every write; a check that has no room in its body takes it as well."""

_FORM: Final = struct.Struct(">Bq16s")
_VERSION: Final = 1
_TEXT = re.compile(r"[A-Za-z0-9_-]{34}")

TOKEN_PATTERN: Final = f"^{_TEXT.pattern}$"
"""What every token looks like, for a schema."""


class InvalidToken(ProblemError):  # noqa: N818  # named as the other problems are
    """What was sent as a consistency token is none."""

    status = HTTPStatus.BAD_REQUEST

    def __init__(self) -> None:
        super().__init__("This is not a consistency token; send one that a write has answered.")


class UnknownState(ProblemError):  # noqa: N818  # as above
    """The token names a state that the database does not hold, as after restoring a backup."""

    status = HTTPStatus.CONFLICT
    type = "tag:sightline.example,2026:unknown-state"

    def __init__(self) -> None:
        super().__init__("The grants on record do not include the write that this token is of.")

    @property
    def title(self) -> str:
        """The kind of problem in words."""
        return "Unknown state"

    @property
    def extensions(self) -> Mapping[str, object]:
        """Whether the same token can come to be known: a write that was lost stays lost."""
        return {"retryable": False}


def token_of(epoch: EpochId) -> str:
    """Return the token of a state."""
    packed = _FORM.pack(_VERSION, epoch.number, epoch.mark.bytes)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def epoch_of(token: str) -> EpochId:
    """Return the state that a token is of; raises `InvalidToken`."""
    if not _TEXT.fullmatch(token):
        raise InvalidToken
    try:
        version, number, mark = _FORM.unpack(base64.urlsafe_b64decode(token + "=="))
    except (binascii.Error, struct.error) as error:
        raise InvalidToken from error
    if version != _VERSION or number < 0:
        raise InvalidToken
    return EpochId(number, UUID(bytes=mark))
