"""A copy of the tree for tests that change it and run the generators there, as a person would."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

TOP = Path(__file__).parents[1]
PACKAGES = ("alerts", "app", "compose", "dashboards", "telemetry")
CODE = ("alerts/generated", "dashboards/generated")


@dataclass(frozen=True)
class Tree:
    """A copy of the packages; commands run in it."""

    root: Path

    @classmethod
    def copied_to(cls, root: Path) -> Self:
        for package in PACKAGES:
            ignored = shutil.ignore_patterns("__pycache__", ".env")
            shutil.copytree(TOP / package, root / package, ignore=ignored)
        shutil.copy(TOP / "README.md", root)
        (root / "docs").mkdir()  # for the list of metrics
        return cls(root)

    def change(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old, text.count(old))
        (self.root / file).write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *words: str) -> tuple[bool, str]:
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)  # noqa: S603  # our own commands
        return done.returncode == 0, done.stdout + done.stderr

    def generates(self) -> None:
        for package in ("dashboards", "alerts"):
            succeeded, said = self.run(package, "build")
            assert succeeded, said

    def stops(self, *words: str) -> str:
        succeeded, said = self.run(*words)
        assert not succeeded
        return said

    def generated_with(self, text: str) -> set[str]:
        """Return which generated files hold the text, the cases apart: they are by hand."""
        return {
            str(path.relative_to(self.root))
            for folder in CODE
            for path in (self.root / folder).rglob("*.*")
            if path.name != "tests.yaml" and text in path.read_text(encoding="utf-8")
        }
