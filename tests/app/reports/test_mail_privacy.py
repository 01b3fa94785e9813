"""Mail over TLS and with a login, at a real SMTP server that speaks both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from app.errors import SettingsError
from app.reports.consumer import PermanentError
from app.reports.mail import MailRefusedError, MailServer, Privacy
from app.settings import read_settings
from telemetry.testing import Captured
from tests.app.reports.conftest import Mailbox
from tests.app.reports.test_mail import MAIL, SENDER
from tests.tls import Pair, make_pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path / "own")


@pytest.fixture
def trusted(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.certificate))


class Private(Mailbox):
    """Notes of each mail whether it came over TLS, and from which user."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[tuple[bool, str | None]] = []

    def authenticate(  # what aiosmtpd calls
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        right = given.password == b"right"
        return AuthResult(success=right, handled=False, auth_data=given.login.decode())

    async def handle_DATA(  # noqa: N802  # aiosmtpd's hook
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.came.append((session.ssl is not None, session.auth_data))
        return await super().handle_DATA(_server, session, envelope)


@asynccontextmanager
async def serving(
    pair: Pair, *, starts: bool = False, implicit: bool = False
) -> AsyncIterator[Private]:
    box, context = Private(), pair.server_context()
    make = partial(
        SMTP,
        box,
        hostname="mail.test",
        tls_context=context if starts else None,
        authenticator=box.authenticate,
        auth_require_tls=not implicit,
    )
    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", 0, ssl=context if implicit else None
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


async def send(box: Private, captured: Captured, privacy: Privacy) -> None:
    tracing = captured.telemetry.tracing
    await MailServer("127.0.0.1", box.port, SENDER, tracing, privacy=privacy).send(MAIL)


async def test_tls_is_used_where_it_is_offered(
    pair: Pair, trusted: None, captured: Captured
) -> None:
    for starts in (True, False):
        async with serving(pair, starts=starts) as box:
            await send(box, captured, Privacy("offered"))
        assert box.came == [(starts, None)]


async def test_without_tls_there_is_no_mail_where_it_is_required(
    pair: Pair, trusted: None, captured: Captured
) -> None:
    async with serving(pair) as box:
        for tls in ("required", "implicit"):
            with pytest.raises(MailRefusedError) as refused:
                await send(box, captured, Privacy(tls))
            assert not isinstance(refused.value, PermanentError)
    assert (box.asked, box.came) == (0, [])
    async with serving(pair, starts=True) as box:
        await send(box, captured, Privacy("required"))
    assert box.came == [(True, None)]


@pytest.mark.parametrize("tls", ["offered", "required", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls: str, pair: Pair, captured: Captured
) -> None:
    async with serving(pair, starts=True, implicit=tls == "implicit") as box:
        with pytest.raises(MailRefusedError) as refused:
            await send(box, captured, Privacy(tls))  # type: ignore[arg-type]  # one of its words
    assert not isinstance(refused.value, PermanentError)
    assert box.came == []


async def test_tls_may_be_there_from_the_first_byte(
    pair: Pair, trusted: None, captured: Captured
) -> None:
    async with serving(pair, implicit=True) as box:
        await send(box, captured, Privacy("implicit"))
    assert box.mails[0]["To"] == MAIL.recipient


async def test_a_login_goes_over_tls_and_a_wrong_one_may_be_mended(
    pair: Pair, trusted: None, captured: Captured
) -> None:
    async with serving(pair, starts=True) as box:
        await send(box, captured, Privacy("required", "mailer", SecretStr("right")))
        with pytest.raises(MailRefusedError) as refused:
            await send(box, captured, Privacy("required", "mailer", SecretStr("hush")))
    assert box.came == [(True, "mailer")]
    assert refused.value.reply_code == 535
    assert not isinstance(refused.value, PermanentError)
    told = " ".join(span.to_json() for span in captured.spans())
    assert "hush" not in told
    assert "mailer" not in told


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"smtp_user": "mailer", "smtp_tls": "required"}, "must be given together"),
        ({"smtp_password": "hush", "smtp_tls": "required"}, "must be given together"),
        ({"smtp_user": "mailer", "smtp_password": "hush"}, "SIGHTLINE_SMTP_TLS=required"),
    ],
)
def test_a_login_is_whole_and_never_in_the_clear(given: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        read_settings(database_url="postgresql://x/y", **given)
    assert "hush" not in str(refused.value)
