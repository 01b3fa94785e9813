"""A copy of the repository's files that the containers use, for a test to spoil."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.check.findings import Check
from compose.check.project import COMPOSE_FILE, Project, load

TOP: Final = Path(__file__).resolve().parents[3]

_COPIED: Final = ("alerts/generated", "alerts/runbooks", "compose", "dashboards/generated")
_LINKED: Final = ("app", "telemetry")  # as they are: no test spoils code
_CODE: Final = ("__pycache__", "chain", "check", "demo", "inbox", "native", ".env")


@dataclass(frozen=True)
class RepositoryCopy:
    root: Path

    @classmethod
    def at(cls, root: Path) -> "RepositoryCopy":
        for folder in _COPIED:
            ignored = shutil.ignore_patterns(*_CODE)
            shutil.copytree(TOP / folder, root / folder, ignore=ignored)
        for folder in _LINKED:
            (root / folder).symlink_to(TOP / folder)
        shutil.copy(TOP / "pyproject.toml", root)
        return cls(root)

    @property
    def project(self) -> Project:
        return load(self.root)

    def change(self, old: str, new: str, file: str = COMPOSE_FILE) -> None:
        """Replace the first `old` of a file; a test whose fault would not be made fails here."""
        text = (self.root / file).read_text(encoding="utf-8")
        assert old in text
        (self.root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def says(self, check: Check) -> list[str]:
        return [str(finding) for finding in check(self.project)]
