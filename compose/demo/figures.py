"""What the demo took, as its last table and as the block of README.md: one source for both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.demo.scenario import Times
from compose.markdown import Block
from compose.markdown import table as markdown_table

README: Final = Path(__file__).resolve().parents[2] / "README.md"
BLOCK: Final = Block("what it takes", "python -m compose demo --pictures docs/pictures --write")
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, and the peak memory of each part in bytes where it is known."""

    ready_seconds: float
    times: Times
    whole_seconds: float
    start_seconds: Mapping[str, float]
    peak_bytes: Mapping[str, int]

    def took(self) -> Iterator[tuple[str, str]]:
        """Yield each step with its seconds."""
        yield "platform ready", f"{self.ready_seconds:.1f}"
        yield "fault \u2192 alert fires", f"{self.times.fault_to_firing:.1f}"
        yield "fault \u2192 mail", f"{self.times.fault_to_mail:.1f}"
        yield "repair \u2192 ready again", f"{self.times.repair_to_ready:.1f}"
        yield "repair \u2192 resolved mail", f"{self.times.repair_to_resolved_mail:.1f}"
        yield "the whole demo", f"{self.whole_seconds:.1f}"

    def parts(self) -> Iterator[tuple[str, str, str]]:
        """Yield each part, after how many seconds it was ready, its peak memory in MiB."""
        for part, seconds in self.start_seconds.items():
            peak = self.peak_bytes.get(part)
            yield part, f"{seconds:.1f}", "-" if peak is None else f"{peak / _MEBIBYTE:.0f}"

    def markdown(self) -> str:
        """Return both as tables of Markdown."""
        took = markdown_table(("", "seconds"), self.took())
        parts = markdown_table(("part", "ready after, s", "peak memory, MiB"), self.parts())
        return f"{took}\n\n{parts}"

    def into_readme(self, file: Path = README) -> None:
        """Replace the generated block; `NoPlaceError` where there is none."""
        BLOCK.write(file, self.markdown())
