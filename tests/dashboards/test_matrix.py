"""The panels' matrix counts every panel once, and the README has it."""

from dataclasses import astuple
from pathlib import Path

import pytest

from compose.markdown import NoPlaceError
from dashboards import readme
from dashboards.boards import BOARDS
from dashboards.matrix import matrix
from dashboards.model import Shown
from dashboards.proof.proving import excused_to


def test_the_last_line_is_the_sum_of_the_others() -> None:
    *boards, total = map(astuple, matrix(BOARDS))

    assert [sum(column) for column in zip(*(line[1:] for line in boards), strict=True)] == list(
        total[1:]
    )


def test_every_panel_is_counted_once() -> None:
    for line in matrix(BOARDS):
        shown = line.under_load + line.under_faults + line.by_samples
        shown += line.from_jaeger + line.without_query
        assert shown == line.panels


def test_the_proof_excuses_what_the_matrix_counts() -> None:
    *_, total = matrix(BOARDS)

    assert total.under_faults == len(list(excused_to(Shown.LATER, BOARDS)))
    assert total.by_samples == len(list(excused_to(Shown.SAMPLES, BOARDS)))


def test_the_readme_has_the_matrix() -> None:
    assert list(readme.stale(BOARDS)) == []


def test_an_older_matrix_is_found_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{readme.BLOCK.opening}\nold\n{readme.BLOCK.closing}\nafter\n")

    assert list(readme.stale(BOARDS, file))
    readme.write(BOARDS, file)

    assert list(readme.stale(BOARDS, file)) == []
    assert file.read_text().startswith("before\n")
    assert file.read_text().endswith("\nafter\n")
    assert "old" not in file.read_text()


def test_a_readme_without_a_place_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("no place\n")

    with pytest.raises(NoPlaceError, match="no place for the panel matrix"):
        readme.write(BOARDS, file)
