import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from compose.incident.reading import incident, read
from compose.incident.sample import SAMPLE
from compose.tour.command import run
from compose.tour.guide import Guide
from compose.tour.quiz import choices
from tests.compose.incident.records import hostile

_ROOT = Path(__file__).resolve().parents[3]


def _console() -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=110), written


def _letters() -> tuple[str, list[str]]:
    every = choices(read(SAMPLE))
    right = next("abcd"[number] for number, one in enumerate(every) if one.right)
    return right, [letter for letter in "abcd" if letter != right]


def test_where_nobody_answers_all_is_printed() -> None:
    console, written = _console()
    assert Guide(console, None).lead(read(SAMPLE))
    text = written.getvalue()
    assert text.count("✘ wrong") == 3
    assert text.count("✔ right") == 1
    assert text.index("The page") < text.index("The trace") < text.index("What broke?")
    assert text.index("What broke?") < text.index("The cause was mended")


def test_a_wrong_answer_is_explained_and_asked_again() -> None:
    console, written = _console()
    right, wrong = _letters()
    answers = iter(["", "", "", "", "", "", wrong[0], "", "x", "9", f" {right.upper()} "])
    asked = []

    def ask(text: str) -> str:
        asked.append(text)
        return next(answers)

    assert not Guide(console, ask).lead(read(SAMPLE))
    text = written.getvalue()
    assert (text.count("✘ wrong"), text.count("✔ right")) == (1, 1)
    assert text.index("✘ wrong") < text.index("✔ right") < text.index("The cause was mended")
    assert sum("Your answer" in one for one in asked) == 5
    assert next(answers, None) is None


def test_the_right_answer_ends_it() -> None:
    console, written = _console()
    right, _ = _letters()
    assert Guide(console, lambda text: right if "answer" in text else "").lead(read(SAMPLE))
    assert "wrong" not in written.getvalue()


def test_a_hostile_record_cannot_write_to_the_terminal() -> None:
    console, written = _console()
    record = hostile()
    record["fault"]["breaks"] = "[bold]\x1b]0;owned\x07\x1b[2J"
    Guide(console, None).lead(incident(record))
    text = written.getvalue()
    assert "[bold]\ufffd]0;owned\ufffd" in text
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\x00"}


def test_a_record_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["smtp-down", "--folder", str(tmp_path)]) == 1
    assert "smtp-down.json" in capsys.readouterr().err


def test_the_command_needs_no_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "compose", "tour"],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "What broke?" in done.stdout
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_in_a_terminal_the_reader_is_asked() -> None:
    right, wrong = _letters()
    ours, theirs = pty.openpty()
    os.write(ours, f"{chr(10) * 6}{wrong[0]}\n{right}\n".encode())
    with subprocess.Popen(  # our own command
        [sys.executable, "-m", "compose", "tour"],
        cwd=_ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        text = _all_of(ours)
        assert process.wait(60) == 0
    assert (text.count("✘ wrong"), text.count("✔ right")) == (1, 1)
    assert "Your answer (a, b, c, d)" in text


def _all_of(descriptor: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(descriptor, 1 << 16)
        except OSError:  # the other end was closed
            break
        if not part:
            break
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts).decode()
