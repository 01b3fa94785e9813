import subprocess
import sys
from pathlib import Path
from socket import create_server

import httpx
import pytest

from compose.inbox.webhooks import Inbox

_ROOT = Path(__file__).resolve().parents[3]


def _client(inbox: Inbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(inbox.app()), base_url="http://inbox")


async def test_the_last_webhooks_are_kept_in_order() -> None:
    async with _client(Inbox(limit=2)) as client:
        for number in range(3):
            assert (await client.post("/alerts", json={"status": number})).status_code == 202
        kept = (await client.get("/alerts")).json()
    assert [each["payload"]["status"] for each in kept] == [1, 2]
    assert [each["number"] for each in kept] == [2, 3]
    assert all(each["received"] for each in kept)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    async with _client(Inbox()) as client:
        assert (await client.post("/alerts", content=body)).status_code == 400
        assert (await client.get("/alerts")).json() == []


async def test_too_large_a_body_is_refused() -> None:
    async with _client(Inbox()) as client:
        answer = await client.post("/alerts", content=b" " * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_a_runbook_is_shown_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "TargetDown.md").write_text("# TargetDown\n")
    (tmp_path / "secret.md").write_text("secret")
    async with _client(Inbox(runbooks=tmp_path / "runbooks")) as client:
        assert (await client.get("/runbooks/TargetDown")).text == "# TargetDown\n"
        for path in ("/runbooks/Other", "/runbooks/..%2Fsecret", "/runbooks/%2e%2e%2fsecret"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("command", ["inbox", "mail"])
def test_a_taken_port_is_one_line(command: str) -> None:
    with create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        flag = "--smtp-port" if command == "mail" else "--port"
        result = subprocess.run(  # noqa: S603  # our own words
            [sys.executable, "-m", "compose", command, f"{flag}={port}"],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in result.stderr
