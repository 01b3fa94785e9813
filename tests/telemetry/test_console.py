"""The development console: a line is one line, whatever is in it."""

from types import SimpleNamespace

import pytest

from telemetry.logging import Lines, render_console

HEAD = {"timestamp": "2026-01-01T00:00:00.000000Z", "level": "info", "event": "a", "service": "s"}


@pytest.mark.parametrize(
    "forged",
    [
        "1\n2",
        "1\r2",
        "\x1b[2J\x1b[31mred",
        "\x9b31m",
        "\u202e\u2066reversed\u2069",
        "\u2028\u2029",
        "\x00\x08\x7f",
        "\ud800",
        "\u200b\ufeff",
    ],
)
@pytest.mark.parametrize("where", ["event", "level", "key", "value", "nested", "library"])
def test_the_console_line_cannot_be_broken(forged: str, where: str) -> None:
    line: dict[str, object] = dict(HEAD)
    match where:
        case "event" | "level":
            line[where] = forged
        case "key":
            line[forged] = 1
        case "value":
            line["x"] = forged
        case "nested":
            line["x"] = {"a": [forged]}
        case _:
            line["x"] = type(forged, (), {})() if forged.isidentifier() else forged
    kept: list[bytes] = []
    sink = SimpleNamespace(put=kept.append)
    Lines(sink, render_console, "s")._put(line)
    [shown] = kept
    text = shown.decode()
    assert text.endswith("\n")
    assert text[:-1].isprintable()


def test_the_console_line_is_for_reading() -> None:
    line = {**HEAD, "report.name": "grüße", "report.pages": 3}
    assert (
        render_console(line).decode()
        == '00:00:00.000 info    a report.name="grüße" report.pages=3\n'
    )
