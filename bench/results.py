"""What a run has measured so far: its rows, what failed, where it ran, what speaks against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from bench.environment import machine, versions
from bench.rows import HALF_LOAD_P99, Row

_FAIR: Final = (0.97, 1.03)
_FAIR_HALF_LOAD: Final = (0.8, 1.25)
_AA: Final = ".aa"


@dataclass(slots=True)
class Results:
    """Rows by comparison, in the order in which they came."""

    machine: Mapping[str, str | int]
    versions: Mapping[str, str]
    long: bool = False
    rows: dict[str, list[Row]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_this_machine(cls, *, long: bool) -> "Results":
        """Return none yet, with the facts about here."""
        return cls(machine(), versions(), long)

    def add(self, comparison: str, row: Row) -> None:
        """Keep a row."""
        self.rows.setdefault(comparison, []).append(row)

    def failed(self, name: str, error: BaseException) -> None:
        """Note what could not be measured."""
        self.failures[name] = f"{type(error).__name__}: {error}"

    def every_row(self) -> list[Row]:
        """Return the rows of all comparisons."""
        return [row for rows in self.rows.values() for row in rows]

    def reasons(self) -> dict[str, str]:
        """Return why which row is void, by the row's name.

        Something did not arrive, or in its comparison equals did not come out equal.
        """
        found: dict[str, str] = {}
        for rows in self.rows.values():
            for equal in (row for row in rows if row.name.endswith(_AA)):
                if not _FAIR[0] <= equal.ratio <= _FAIR[1]:
                    reason = _unequal(equal, equal.ratio, _FAIR)
                    found.update((row.name, reason) for row in rows if _judged_by(equal, row))
            found.update((row.name, "; ".join(row.problems)) for row in rows if row.problems)
        return found

    def void_columns(self) -> dict[str, str]:
        """Return why which column says nothing; the rest of its rows stands."""
        for row in self.every_row():
            ratio = row.more.get(HALF_LOAD_P99)
            if not row.name.endswith(_AA) or HALF_LOAD_P99 not in row.more:
                continue
            if not isinstance(ratio, float):
                return {HALF_LOAD_P99: f"{row.name}: too few pairs that the machine left alone"}
            if not _FAIR_HALF_LOAD[0] <= ratio <= _FAIR_HALF_LOAD[1]:
                return {HALF_LOAD_P99: _unequal(row, ratio, _FAIR_HALF_LOAD)}
        return {}

    def is_void(self) -> bool:
        """Return whether a row is void or missing."""
        return bool(self.failures or self.reasons())

    def write(self, path: Path) -> None:
        """Write the rows as a list; about the run itself, a file of its own beside it."""
        reasons = self.reasons()
        rows = [
            {"comparison": comparison, **row.as_json(), "void": reasons.get(row.name)}
            for comparison, found in self.rows.items()
            for row in found
        ]
        run = {
            "machine": self.machine,
            "versions": self.versions,
            "long": self.long,
            "failures": self.failures,
            "void_columns": self.void_columns(),
        }
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        about_run(path).write_bytes(orjson.dumps(run, option=orjson.OPT_INDENT_2))


def about_run(path: Path) -> Path:
    """Return where it stands what machine measured the rows at `path`, and what failed."""
    return path.with_name(f"{path.stem}-run.json")


def _judged_by(equal: Row, row: Row) -> bool:
    """Return whether the A/A pair had the same baseline as the row, or is the row itself."""
    return equal.baseline in {row.baseline, "itself"}


def _unequal(row: Row, ratio: float, fair: tuple[float, float]) -> str:
    return (
        f"{row.name} compares a thing with itself and came out at {ratio:.3f}, outside "
        f"{fair[0]} to {fair[1]}: this machine was too busy"
    )
