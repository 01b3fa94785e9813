"""The report's mail: the message, and handing it to the mail server.

The `Message-ID` derives from the task, so a mail that is sent twice (delivery is at least once) can
be told for the same. The trace stays inside; the correlation ID is the caller's and travels on.
"""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Final, Literal, NoReturn
from uuid import UUID

import aiosmtplib
from pydantic import SecretStr

from app import signals
from app.reports import attributes
from app.reports.address import domain_of
from app.reports.consumer import PermanentError
from telemetry.catalog.attributes import SERVER_ADDRESS, SERVER_PORT
from telemetry.tracing import Tracing

CORRELATION_HEADER: Final = "X-Correlation-ID"
SMTP_SECONDS: Final = 10.0
"""The longest wait for one answer of the mail server."""

_SUBJECT: Final = "Access report"
_PERMANENT_FROM: Final = 500
_START_TLS: Final = {"offered": None, "required": True, "implicit": False}
"""In aiosmtplib's words: None is "if the server can"."""


class MailRefusedError(Exception):
    """The mail server did not take the mail; a later try may do. `reply_code` is None without one.

    The server's words are left out: they repeat addresses.
    """

    def __init__(self, reply_code: int | None = None) -> None:
        super().__init__("the mail server did not take the mail")
        self.reply_code = reply_code


class MailRejectedError(MailRefusedError, PermanentError):
    """The mail server refused this mail for good (5yz: RFC 5321, section 4.2.1)."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be sent; `created_at` is the report's, so that a second sending is the same."""

    task_id: UUID
    recipient: str
    text: str
    html: str
    created_at: datetime
    correlation_id: str | None
    csv: bytes | None = None
    """Attached where it is not None."""


def compose_message(mail: Mail, mail_from: str) -> EmailMessage:
    """Return the message: text with an HTML alternative and the CSV, safe on a 7-bit server."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(addr_spec=mail_from)
    message["To"] = Address(addr_spec=mail.recipient)
    message["Subject"] = _SUBJECT
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.task_id}@{domain_of(mail_from)}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.correlation_id is not None:
        message[CORRELATION_HEADER] = mail.correlation_id
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.csv is not None:
        message.add_attachment(
            mail.csv,
            maintype="text",
            subtype="csv",
            filename=csv_name(mail.created_at),
            params={"charset": "utf-8", "header": "present"},
        )
    return message


def csv_name(created_at: datetime) -> str:
    """Return the file name under which a report of that time is attached or downloaded."""
    return f"access-report-{created_at.astimezone(UTC):%Y%m%d-%H%M%S}.csv"


@dataclass(frozen=True, slots=True)
class Privacy:
    """How far the way to the mail server is private, and who the service is there.

    A certificate has to be right wherever there is TLS. A login takes `required` or `implicit`.
    """

    tls: Literal["offered", "required", "implicit"] = "offered"
    user: str | None = None
    password: SecretStr | None = None


_AS_OFFERED: Final = Privacy()


class MailServer:
    """The SMTP server that the service hands its mails to."""

    def __init__(
        self,
        host: str,
        port: int,
        mail_from: str,
        tracing: Tracing,
        *,
        privacy: Privacy = _AS_OFFERED,
    ) -> None:
        self._host = host
        self._port = port
        self._mail_from = mail_from
        self._tracing = tracing
        self._privacy = privacy

    async def send(self, mail: Mail) -> None:
        """Return once the server has taken the mail; else `MailRefusedError` or its subclass."""
        message = compose_message(mail, self._mail_from)
        with self._tracing.span(
            signals.SMTP_SEND, {SERVER_ADDRESS: self._host, SERVER_PORT: self._port}
        ) as span:
            try:
                await self._deliver(message)
            except (aiosmtplib.SMTPException, OSError) as error:
                code = _reply_code(error)
                if code is not None:
                    span.set_attribute(attributes.SMTP_REPLY_CODE, code)
                _refuse(error, code)

    async def _deliver(self, message: EmailMessage) -> None:
        privacy = self._privacy
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=domain_of(self._mail_from),
            timeout=SMTP_SECONDS,
            use_tls=privacy.tls == "implicit",
            start_tls=_START_TLS[privacy.tls],
            username=privacy.user,
            password=None if privacy.password is None else privacy.password.get_secret_value(),
        )
        # Not `async with`: that waits for an answer to QUIT even when the task is cancelled.
        try:
            await client.connect()
            await client.send_message(message)
            # The mail is taken: how the conversation ends no longer matters.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1.0)
        finally:
            client.close()


def _reply_code(error: Exception) -> int | None:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return max(refused.code for refused in error.recipients)
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None


def _refuse(error: Exception, code: int | None) -> NoReturn:
    # A 5yz to the greeting or to EHLO speaks of the server, not of the mail: that one may pass.
    about_this_mail = isinstance(
        error,
        aiosmtplib.SMTPSenderRefused
        | aiosmtplib.SMTPRecipientRefused
        | aiosmtplib.SMTPRecipientsRefused
        | aiosmtplib.SMTPDataError,
    )
    if about_this_mail and code is not None and code >= _PERMANENT_FROM:
        raise MailRejectedError(code) from error
    raise MailRefusedError(code) from error
