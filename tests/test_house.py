"""What holds for the repository as a whole."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "compose" / "locks"


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607  # git of the machine
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def locked(name: str) -> dict[str, Version]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (LOCKS / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in found}


def wanted(project: dict[str, object], lock: str) -> list[Requirement]:
    runtime: list[str] = project["project"]["dependencies"]  # type: ignore[index]
    if lock == "runtime.txt":
        return [Requirement(line) for line in runtime]
    groups: dict[str, list[str | dict[str, str]]] = project["dependency-groups"]  # type: ignore[assignment]
    bench = {"bench", "native"}
    chosen = bench if lock == "bench.txt" else groups.keys() - {"bench"}
    lines = [line for name in chosen for line in groups[name] if isinstance(line, str)]
    return [Requirement(line) for line in (*runtime, *lines)]


@pytest.mark.parametrize("lock", ["runtime.txt", "development.txt", "bench.txt"])
def test_the_lock_holds_what_the_project_asks_for(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    versions = locked(lock)
    for requirement in wanted(project, lock):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked; run: make lock"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{requirement} is locked at {version}; run: make lock"
        )


@pytest.mark.parametrize("lock", ["runtime.txt", "development.txt", "bench.txt"])
def test_the_lock_has_a_hash_for_each_and_no_address(lock: str) -> None:
    text = (LOCKS / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) > 20
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_the_top_level_is_the_agreed_one() -> None:
    agreed = {
        *("app", "telemetry", "dashboards", "alerts", "compose", "tests", "bench", "docs", ".ci"),
        *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile", "pyproject.toml"),
        *(".gitignore", ".dockerignore"),
    }
    found = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert found - agreed == set()


def test_every_decision_is_listed_and_fits_a_screen() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    for page in sorted(folder.glob("*.md")):
        if page.name == "README.md":
            continue
        text = page.read_text()
        assert f"({page.name})" in index, f"{page.name} is missing in docs/decisions/README.md"
        assert len(text.splitlines()) <= 60, f"{page.name} is longer than a screen"
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Check.**"):
            assert part in text, f"{page.name} lacks {part}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in (path for path in tracked_files() if path.suffix == ".md"):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
