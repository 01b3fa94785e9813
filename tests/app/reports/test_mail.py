"""The message, and handing it to a real SMTP server."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest

from app import signals
from app.reports.attributes import SMTP_REPLY_CODE
from app.reports.consumer import PermanentError
from app.reports.mail import Mail, MailRefusedError, MailServer, compose_message
from telemetry.catalog import attributes
from telemetry.testing import Captured
from tests.app.reports.conftest import Mailbox
from tests.servers import free_port

SENDER = "reports@sightline.example"
MAIL = Mail(
    task_id=UUID("00000000-0000-4000-8000-000000000001"),
    recipient="alice@mail.example",
    text="Zoë: read\n",
    html="<p>Zoë: read</p>",
    created_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    correlation_id="case-7",
)


@pytest.fixture
def server(mailbox: Mailbox, captured: Captured) -> MailServer:
    return MailServer("127.0.0.1", mailbox.port, SENDER, captured.telemetry.tracing)


def test_the_message_is_the_same_each_time_but_for_its_boundary() -> None:
    first, second = (compose_message(MAIL, SENDER) for _ in range(2))
    headers = {
        "From": SENDER,
        "To": "alice@mail.example",
        "Subject": "Access report",
        "Date": "Mon, 23 Nov 2026 12:00:00 +0000",
        "Message-ID": "<00000000-0000-4000-8000-000000000001@sightline.example>",
        "Auto-Submitted": "auto-generated",
        "X-Correlation-ID": "case-7",
    }
    assert {name: first[name] for name in headers} == headers
    assert first.items() == second.items()


def test_it_has_a_text_and_an_html_form_and_is_plain_ascii() -> None:
    raw = compose_message(MAIL, SENDER).as_bytes()
    assert raw.isascii()
    parsed = message_from_bytes(raw, policy=policy.default)
    assert parsed.get_content_type() == "multipart/alternative"
    assert isinstance(parsed, EmailMessage)
    parts = {part.get_content_type(): part for part in parsed.iter_parts()}
    assert list(parts) == ["text/plain", "text/html"]
    assert {name: part.get_content().strip() for name, part in parts.items()} == {
        "text/plain": MAIL.text.strip(),
        "text/html": MAIL.html,
    }


def test_without_a_correlation_id_there_is_no_header() -> None:
    message = compose_message(replace(MAIL, correlation_id=None), SENDER)
    assert "X-Correlation-ID" not in message


async def test_a_mail_that_is_taken_arrives(
    server: MailServer, mailbox: Mailbox, captured: Captured
) -> None:
    await server.send(MAIL)
    assert [mail["Message-ID"] for mail in mailbox.mails] == [f"<{MAIL.task_id}@sightline.example>"]
    assert mailbox.envelopes[0].rcpt_tos == [MAIL.recipient]
    span = captured.span(signals.SMTP_SEND.name)
    assert dict(span.attributes or {}) == {
        attributes.SERVER_ADDRESS: "127.0.0.1",
        attributes.SERVER_PORT: mailbox.port,
    }


@pytest.mark.parametrize(
    ("rcpt", "data", "code", "permanent"),
    [
        ("550 5.1.1 no such user", "250 OK", 550, True),
        ("250 OK", "554 5.6.0 not here", 554, True),
        ("450 4.2.0 later", "250 OK", 450, False),
        ("250 OK", "451 4.3.0 later", 451, False),
    ],
)
async def test_a_refusal_is_permanent_if_the_server_says_so(  # noqa: PLR0913, PLR0917  # the table
    server: MailServer,
    mailbox: Mailbox,
    captured: Captured,
    rcpt: str,
    data: str,
    code: int,
    permanent: bool,  # noqa: FBT001  # a column of the table
) -> None:
    mailbox.rcpt_answer, mailbox.data_answer = rcpt, data
    with pytest.raises(MailRefusedError) as refused:
        await server.send(MAIL)
    assert refused.value.reply_code == code
    assert isinstance(refused.value, PermanentError) is permanent
    assert mailbox.mails == []
    span = captured.span(signals.SMTP_SEND.name)
    assert dict(span.attributes or {})[SMTP_REPLY_CODE] == code
    assert "alice" not in span.to_json()


async def test_a_server_that_is_away_may_come_back(captured: Captured) -> None:
    nobody = MailServer("127.0.0.1", free_port(), SENDER, captured.telemetry.tracing)
    with pytest.raises(MailRefusedError) as refused:
        await nobody.send(replace(MAIL, task_id=uuid.uuid4()))
    assert not isinstance(refused.value, PermanentError)
    assert refused.value.reply_code is None


async def test_a_server_that_serves_nobody_says_nothing_of_this_mail(captured: Captured) -> None:
    async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 5.3.2 no service here\r\n")
        writer.close()

    async with await asyncio.start_server(turn_away, "127.0.0.1", 0) as closed:
        port = closed.sockets[0].getsockname()[1]
        server = MailServer("127.0.0.1", port, SENDER, captured.telemetry.tracing)
        with pytest.raises(MailRefusedError) as refused:
            await server.send(MAIL)
    assert refused.value.reply_code == 554
    assert not isinstance(refused.value, PermanentError)
