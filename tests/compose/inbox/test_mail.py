from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from socket import create_server

import aiosmtplib
import httpx
import pytest

from compose.inbox.letters import Letters
from compose.inbox.mail import mail_app
from compose.inbox.mail_page import page

_TO = ["one@example.org", "two@example.org"]


@asynccontextmanager
async def _served(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """A client of the catcher's page, and the port of its mail server."""
    listener = create_server(("127.0.0.1", 0))
    app = mail_app(Letters(folder), listener)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mail")
    async with app.router.lifespan_context(app), client:
        yield client, listener.getsockname()[1]


def _mail(subject: str, text: str = "Hello.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "sender@example.org"
    message["To"] = "one@example.org"
    message["Subject"] = subject
    message["X-Correlation-ID"] = "c-1"
    message.set_content(text)
    return message


async def _send(port: int, message: EmailMessage) -> None:
    await aiosmtplib.send(message, recipients=_TO, hostname="127.0.0.1", port=port)


async def test_mails_are_listed_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    html = _mail("second — ünïcode")
    html.add_alternative("<b>bold</b>", subtype="html")
    async with _served(tmp_path) as (client, port):
        await _send(port, _mail("first"))
        await _send(port, html)
        first, second = (await client.get("/api/messages")).json()
    assert first["subject"] == "first"
    assert first["from"] == "sender@example.org"
    assert first["to"] == _TO
    assert first["text"] == "Hello.\n"
    assert first["html"] == ""
    assert ["X-Correlation-ID", "c-1"] in first["headers"]
    assert second["subject"] == "second — ünïcode"
    assert "<b>bold</b>" in second["html"]


async def test_the_page_shows_a_mail_as_text_only(tmp_path: Path) -> None:
    async with _served(tmp_path) as (client, port):
        assert "No mail yet" in (await client.get("/")).text
        await _send(port, _mail("<script>alert(1)</script>", "<img src=x onerror=alert(2)>\n"))
        answer = await client.get("/")
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_too_large_a_mail_is_refused(tmp_path: Path) -> None:
    async with _served(tmp_path) as (client, port):
        with pytest.raises(aiosmtplib.SMTPResponseException) as caught:
            await _send(port, _mail("large", "x" * (11 * 1024 * 1024)))
        assert (await client.get("/api/messages")).json() == []
    assert caught.value.code == 552


def test_a_mail_that_is_no_mail_can_still_be_read(tmp_path: Path) -> None:
    letters = Letters(tmp_path)
    sender = "a@example.org\r\nBcc: x@example.org"
    letters.keep(sender, ["b@example.org"], b"\xff\xfe no header\r\n")
    (letter,) = letters.all()
    assert letter.sender == "a@example.orgBcc: x@example.org"
    assert letter.message["Bcc"] is None
    assert page([letter]).count("<details>") == 1


def test_the_oldest_mails_make_room(tmp_path: Path) -> None:
    letters = Letters(tmp_path, limit=2)
    for number in range(4):
        letters.keep("a@example.org", ["b@example.org"], f"Subject: {number}\r\n\r\n".encode())
    assert [letter.subject for letter in letters.all()] == ["2", "3"]
