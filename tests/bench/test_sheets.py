import argparse
import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench import page, screen
from bench.results import Results
from bench.rows import HALF_LOAD_P99, OVERLOADED, Figure, Row
from bench.sheets import figures, ratios, remarks


def row(name: str, half_load: float | str | None, *problems: str) -> Row:
    return Row(
        name,
        "bare",
        0.4567,
        0.4012,
        0.5123,
        90,
        1234.56,
        (Figure("CPU a request, event loop, µs", 1234.5, 0.25), Figure("nothing", 0.0, 0.0)),
        {"measured_by": "cpu", "p50_ratio": 12.345, "p99_ratio": 77.0, HALF_LOAD_P99: half_load},
        problems,
    )


def results(*rows: Row) -> Results:
    found = Results({"cores": 2, "processor": "X", "system": "Linux", "python": "3"}, {"a": "1"})
    for each in rows:
        found.add("requests", each)
    return found


def test_a_row_has_its_figures_in_every_column() -> None:
    (line,) = ratios(results(row("telemetry.all.sampling100", 1.5))).lines
    assert line == (
        *("telemetry.all.sampling100", "bare", "0.46*", "0.40-0.51", "90", "+1,234.6"),
        *("12.35", "77.00", "1.50"),
    )


def test_a_void_row_shows_no_ratio_and_a_void_column_no_figure() -> None:
    equal = Row("telemetry.aa", "bare", 1, 1, 1, 9, more={HALF_LOAD_P99: 8.4})
    found = results(equal, row("lossy", 1.5, "a span is missing"), row("whole", OVERLOADED))
    lines = {line[0]: line for line in ratios(found).lines}
    assert lines["lossy"][2] == "void"
    assert lines["whole"][2] == "0.46*"
    assert {line[-1] for line in lines.values()} == {"void"}
    assert len(remarks(found)) == 2


def test_a_latency_that_was_not_to_be_had_is_void_in_its_row_alone() -> None:
    equal = Row("telemetry.aa", "bare", 1, 1, 1, 9, more={HALF_LOAD_P99: 1.0})
    store = Row("asyncpg.ours", "asyncpg.bare", 1, 1, 1, 9)
    lines = ratios(results(equal, row("too.few", None), store)).lines
    assert [line[-1] for line in lines] == ["1.00", "void", ""]


def test_what_speaks_against_several_rows_is_said_once() -> None:
    equal = Row("telemetry.aa", "bare", 1.2, 1, 1, 9)
    found = results(equal, Row("stock.all", "bare", 0.1, 0, 0, 9))
    found.failed("memory.ours", RuntimeError("gone"))
    void, failed = remarks(found)
    assert void.startswith("VOID telemetry.aa, stock.all: telemetry.aa compares")
    assert failed == "FAILED memory.ours: RuntimeError: gone"


def test_quantities_have_their_difference_and_unused_layers_no_line() -> None:
    assert figures(results(row("a", None))).lines == (
        ("a", "CPU a request, event loop, µs", "1,234", "0.25", "+1,234"),
    )


def test_the_tables_fit_into_a_hundred_columns() -> None:
    found, written = results(row("telemetry.all.sampling100", OVERLOADED)), io.StringIO()
    found.add("stores", replace(row("asyncpg.stock", 123.4), baseline="asyncpg.bare"))
    screen.show(found, Console(file=written, width=100))
    lines = written.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 100
    first = next(line.split() for line in lines if line.startswith("telemetry.all"))
    assert first == [
        *("telemetry.all.sampling100", "bare", "0.46*", "0.40-0.51", "90", "+1,234.6"),
        *("12.35", "77.00", "overload"),
    ]
    assert any("event loop, µs" in line and "+1,234" in line for line in lines)


def test_the_page_gets_new_tables_in_place_of_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "bench.md"
    path.write_text(f"# Bench\n\n{page.BLOCK.opening}\nold\n{page.BLOCK.closing}\n\nThe end.\n")
    page.write(path, results(row("first", 1.0)))
    page.write(path, results(row("second", 1.0)))
    text = path.read_text()
    assert text.startswith(f"# Bench\n\n{page.BLOCK.opening}\nMeasured on ")
    assert text.endswith(f"{page.BLOCK.closing}\n\nThe end.\n")
    assert "| second | bare | 0.46* |" in text
    assert "old" not in text
    assert "first" not in text


@pytest.mark.parametrize(
    "text", ["", page.BLOCK.opening, f"{page.BLOCK.closing} {page.BLOCK.opening}"]
)
def test_a_page_without_the_marks_is_refused_before_anything_is_measured(
    tmp_path: Path, text: str
) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    page.add_option(parser, page.BLOCK)
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text(f"{page.BLOCK.opening}{page.BLOCK.closing}")
    bad.write_text(text)

    assert parser.parse_args(["--write", str(good)]).write == good
    for refused in (bad, tmp_path / "none.md"):
        with pytest.raises(argparse.ArgumentError, match="--write"):
            parser.parse_args(["--write", str(refused)])
