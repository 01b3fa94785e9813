import json
from pathlib import Path

import pytest

from compose.incident.command import run
from tests.compose.incident.records import sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("first", "second"):
        record = sample()
        record["fault"]["name"] = name
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    return tmp_path


def test_every_incident_has_a_page_and_all_have_a_list(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--folder", str(folder)]) == 0
    places = [folder / name for name in ("first.html", "second.html", "index.html")]
    assert capsys.readouterr().out.splitlines() == [str(place) for place in places]
    assert "<h1>First</h1>" in places[0].read_text()
    assert 'href="second.html"' in places[2].read_text()


def test_one_by_name_and_the_list_has_no_dead_link(folder: Path) -> None:
    assert run(["second", "--folder", str(folder)]) == 0
    assert not (folder / "first.html").exists()
    assert 'href="first.html"' not in (folder / "index.html").read_text()


def test_the_sample_needs_no_drill(tmp_path: Path) -> None:
    assert run(["--sample", "--folder", str(tmp_path / "new")]) == 0
    assert "Pool exhausted" in (tmp_path / "new" / "sample.html").read_text()


def test_what_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["third", "--folder", str(folder)]) == 1
    assert "no incident third is recorded; there are: first, second" in capsys.readouterr().err
    assert run(["--folder", str(folder / "empty")]) == 1
    assert "make drill" in capsys.readouterr().err
