"""What `python -m bench` does around the measurements."""

import io
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from rich.console import Console

import bench.__main__ as command
from bench.results import Results
from bench.rows import Measurement, Row


def fails() -> Row:
    message = "no [bold]such[/bold] thing"
    raise LookupError(message)


def test_what_fails_takes_nothing_with_it_and_all_is_written_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "RESULT", tmp_path / "bench.json")
    on_disk: list[int] = []

    def rows_on_disk() -> Row:
        on_disk.append(len(orjson.loads((tmp_path / "bench.json").read_bytes())))
        return Row.of_one("second", "bare", 1.0)

    def measurements() -> Iterator[Measurement]:
        yield Measurement("first", lambda: Row.of_one("first", "bare", 1.0))
        yield Measurement("broken", fails)
        yield Measurement("second", rows_on_disk)
        message = "the data store has gone"
        raise RuntimeError(message)

    results, written = Results({}, {}), io.StringIO()
    command.measure("these", measurements, results, Console(file=written, width=100))
    assert [row.name for row in results.every_row()] == ["first", "second"]
    assert results.failures == {
        "broken": "LookupError: no [bold]such[/bold] thing",
        "these": "RuntimeError: the data store has gone",
    }
    assert on_disk == [1]
    assert len(orjson.loads((tmp_path / "bench-run.json").read_bytes())["failures"]) == 2
    assert "no [bold]such[/bold] thing" in written.getvalue()
    assert results.is_void()
