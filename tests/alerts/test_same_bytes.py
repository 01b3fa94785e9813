"""What is generated is the same bytes on another Python and in another place, and is made soon.

The other Pythons are those of this machine (on PATH, or pyenv's); they run the same installed
packages. Where there is none, the test of it is skipped, and says so.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from tests.copies import CODE, TOP, Tree

GENERATED = (*CODE, "alerts/runbooks")
PAGES = ("README.md", "docs/metrics.md")
NEWEST = 20
OTHERS = [f"python3.{minor}" for minor in range(11, NEWEST) if minor != sys.version_info.minor]


def _copy(root: Path) -> Path:
    Tree.copied_to(root)
    for folder in CODE:
        shutil.rmtree(root / folder)
    return root


def _generate(python: str, root: Path, **environment: str) -> None:
    for package in ("dashboards", "alerts"):
        subprocess.run(  # noqa: S603  # our own generators
            [python, "-m", package, "build"],
            cwd=root,
            check=True,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment},
        )


def _bytes(root: Path) -> dict[str, bytes]:
    files = (path for folder in GENERATED for path in sorted((root / folder).rglob("*.*")))
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in (*files, *(root / page for page in PAGES))
        if path.is_file()
    }


def _other_pythons() -> list[str]:
    """Return one of each version; a name on PATH may stand in for what is not installed."""
    found: dict[str, str] = {}
    for path in (*filter(None, map(shutil.which, OTHERS)), *_of_pyenv()):
        version = _said(path, "-c", "import sys; print(sys.version_info[:2])")
        if version is not None:
            found.setdefault(version, path)
    return list(found.values())


def _of_pyenv() -> list[str]:
    versions = (_said("pyenv", "versions", "--bare") or "").split()
    names = {f"{name.removeprefix('python')}." for name in OTHERS}
    return [
        f"{_said('pyenv', 'prefix', version)}/bin/python"
        for version in versions
        if any(version.startswith(name) for name in names)
    ]


def _said(*words: str) -> str | None:
    """Return what a command printed; None where it cannot be run, or failed."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  # a version
    return done.stdout.strip() if done.returncode == 0 else None


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"},
        {"PYTHONHASHSEED": "2", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["hashes and time zone", "hashes and locale"],
)
def test_the_bytes_do_not_depend_on_where_they_are_made(
    environment: dict[str, str], tmp_path: Path
) -> None:
    root = _copy(tmp_path)
    _generate(sys.executable, root, **environment)

    assert _bytes(root) == _bytes(TOP)


def test_the_bytes_are_the_same_on_other_pythons(tmp_path: Path) -> None:
    others = _other_pythons()
    if not others:
        pytest.skip("there is no other Python from 3.11 on here")
    packages = sysconfig.get_path("purelib")
    for number, python in enumerate(others):
        root = _copy(tmp_path / str(number))
        _generate(python, root, PYTHONPATH=packages)

        assert _bytes(root) == _bytes(TOP), python


def test_generating_says_how_long_it_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under 5 s is the aim on a machine that does nothing else; the figure is told, not judged."""
    root = _copy(tmp_path)
    began = time.perf_counter()
    _generate(sys.executable, root)
    took = time.perf_counter() - began

    with capsys.disabled():
        print(f"\ngenerating all took {took:.1f} s")  # noqa: T201  # what this is for
    assert _bytes(root).keys() == _bytes(TOP).keys()
