"""Counting instructions: the check can fail, the count counts, what is lost is noticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse

from bench import instructions
from bench.apps import handlers
from bench.in_process import AT_ONCE, serve
from bench.processes import receiver
from bench.valgrind import Callgrind, CountError, callgrind
from compose.native.tools import Tools


@pytest.mark.parametrize(("limit", "status"), [("150", 0), ("149", 1)])
def test_the_check_fails_where_ours_adds_more_than_allowed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], limit: str, status: int
) -> None:
    counts = {"bare": 100.0, "ours": 250.0}
    monkeypatch.setattr(instructions, "callgrind", lambda: None)
    monkeypatch.setattr(instructions, "per_request", lambda variant, *_: counts[variant])
    assert instructions.main(["--check", limit]) == status
    assert f"bare 100, ours adds 150, at most {limit} allowed" in capsys.readouterr().out


def test_what_could_not_be_counted_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_: object) -> float:
        message = "ours: 9 lines arrived in place of 10"
        raise CountError(message)

    monkeypatch.setattr(instructions, "callgrind", lambda: None)
    monkeypatch.setattr(instructions, "per_request", lost)
    assert instructions.main(["--check", "150"]) == 2
    assert "9 lines" in capsys.readouterr().err


@pytest.fixture(scope="module")
def tool() -> Callgrind:
    return callgrind()


def test_more_work_counts_as_more(tool: Callgrind) -> None:
    def count(rounds: int) -> int:
        words = (sys.executable, "-I", "-S", "-c", f"for _ in range({rounds}): pass")
        return tool.count(words, stdout=subprocess.DEVNULL)

    few, many = count(1_000), count(51_000)
    assert 5 * 50_000 < many - few < 500 * 50_000


def test_a_command_that_fails_counts_nothing(tool: Callgrind) -> None:
    words = (sys.executable, "-I", "-S", "-c", "raise SystemExit('it broke')")
    with pytest.raises(CountError, match="it broke"):
        tool.count(words, stdout=subprocess.DEVNULL)


def test_without_valgrind_and_apt_the_message_says_what_to_install(tmp_path: Path) -> None:
    tools = Tools({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")})
    with pytest.raises(CountError, match=r"no apt-get .* install valgrind"):
        callgrind(tools)


def test_an_unpacked_valgrind_is_told_where_its_parts_are(tmp_path: Path) -> None:
    root = tmp_path / "sightline" / "debian" / "valgrind" / "usr"
    for name in ("bin/valgrind.bin", "libexec/valgrind/callgrind-amd64-linux"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.touch(0o755)
    found = callgrind(Tools({"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}))
    assert found.program == root / "bin" / "valgrind.bin"
    assert found.environment == {"VALGRIND_LIB": str(root / "libexec" / "valgrind")}


@pytest.mark.parametrize(
    ("log", "sampling"),
    [(b"one\n", 0.1), (b"one\ntwo\n", 1.0)],
    ids=["a line is missing", "the spans are missing"],
)
def test_what_is_missing_is_an_error(log: bytes, sampling: float) -> None:
    log_read, log_write = os.pipe()
    with receiver(log_read) as receiving:
        os.close(log_read)
        os.write(log_write, log)
        os.close(log_write)
        with pytest.raises(CountError, match="in place of 2 lines and 2 spans"):
            instructions._check_arrived("ours", sampling, 2, receiving)


async def test_only_the_right_answers_are_counted() -> None:
    assert await serve(handlers.decisions(), 2 * AT_ONCE) == 2 * AT_ONCE
    assert await serve(PlainTextResponse("no"), AT_ONCE) == 0
