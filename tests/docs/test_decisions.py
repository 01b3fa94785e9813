"""What the documents call a proof is there: files that were renamed are renamed in words too."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "decisions").glob("*.md"))
NAMED = re.compile(r"\btests/[\w./]*\w\.py\b")


def proofs(page: Path) -> list[str]:
    """The files and folders of tests that a page names under its last heading."""
    _, _, check = page.read_text().partition("**Check.**")
    words = re.findall(r"`([^`\s]+)`", check)
    return [word for word in words if word.startswith("tests/") or word.endswith(".py")]


def spelled_out(name: str) -> Iterator[str]:
    """Yield the names that one with a list in braces stands for."""
    listed = re.fullmatch(r"(.*)\{(.+)\}(.*)", name)
    if listed is None:
        yield name
    else:
        for word in listed[2].split(","):
            yield f"{listed[1]}{word}{listed[3]}"


@pytest.mark.parametrize("page", [page for page in PAGES if proofs(page)], ids=lambda it: it.stem)
def test_a_decisions_proofs_are_there(page: Path) -> None:
    for proof in proofs(page):
        for name in spelled_out(proof.rstrip("/")):
            within = name if name.startswith("tests/") else f"tests/**/{name}"
            assert list(ROOT.glob(within)), name


def test_most_decisions_name_a_proof() -> None:
    assert len([page for page in PAGES if proofs(page)]) > len(PAGES) / 2


def test_every_test_that_is_named_anywhere_is_there() -> None:
    listed = ("git", "ls-files", "*.py", "*.md", "*.yaml", "*.toml", "Makefile")
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603  # constants
    lost = {
        f"{file}: {name}"
        for file in files.split()
        for name in NAMED.findall((ROOT / file).read_text())
        if not (ROOT / name).exists()
    }
    assert lost == set()
