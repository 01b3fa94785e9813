"""A folder of received mails: a file each, whole or not at all, the oldest removed."""

import email
import email.policy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final

SENDER: Final = "X-Envelope-From"
RECIPIENTS: Final = "X-Envelope-To"
_KEPT: Final = 1_000


@dataclass(frozen=True)
class Letter:
    """A mail as it was received."""

    name: str
    sender: str
    """As the envelope says, not the header."""
    recipients: tuple[str, ...]
    received: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Its subject, decoded."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """Its text; of a mail in HTML only, the HTML."""
        body = self.message.get_body(preferencelist=("plain", "html"))
        return _unix(str(body.get_content())) if body is not None else ""

    @property
    def html(self) -> str:
        """Its HTML, or nothing."""
        body = self.message.get_body(preferencelist=("html",))
        return _unix(str(body.get_content())) if body is not None else ""


class Letters:
    """The mails of a folder, oldest first."""

    def __init__(self, folder: Path, *, limit: int = _KEPT) -> None:
        self._folder = folder
        self._limit = limit
        self._numbers = itertools.count()

    def keep(self, sender: str, recipients: Sequence[str], content: bytes) -> None:
        """Store a mail with its envelope; remove the oldest beyond the limit."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        envelope = f"{SENDER}: {_one_line(sender)}\r\n{RECIPIENTS}: "
        envelope += ", ".join(map(_one_line, recipients)) + "\r\n"
        # The number keeps the order of two mails of one microsecond.
        place = self._folder / f"{moment}-{next(self._numbers):06d}.eml"
        draft = place.with_suffix(".new")
        draft.write_bytes(envelope.encode() + content)
        draft.replace(place)
        for old in self._files()[: -self._limit]:
            old.unlink(missing_ok=True)

    def all(self, *, after: str = "") -> list[Letter]:
        """Return every mail that is kept; or those that came after the one of that name."""
        return [_read(path) for path in self._files() if path.stem > after]

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _read(path: Path) -> Letter:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    moment = datetime.strptime(path.stem.partition("-")[0], "%Y%m%dT%H%M%S.%f%z")
    recipients = str(message[RECIPIENTS] or "").split(", ")
    return Letter(path.stem, str(message[SENDER] or ""), tuple(recipients), moment, message)
