"""What a comparison yields: a row of the table and of build/bench.json."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

OVERLOADED: Final = "overload"
"""In place of a quantile: the contestant cannot take the rate at which it was to be measured."""

HALF_LOAD_P99: Final = "p99_ratio_half_knee"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity, with its unit in its name, of the contestant and of its baseline."""

    name: str
    own: float
    baseline: float


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is the contestant's throughput over the baseline's: above 1, it is faster.

    `cpu_us_added` is what one operation costs more than the baseline's, in microseconds of CPU over
    all threads and processes; None where no CPU was read. `figures` are absolute quantities;
    `more` is what else the table or a reader of the JSON wants. `problems` say why the row is void.
    """

    name: str
    baseline: str
    ratio: float
    q1: float
    q3: float
    pairs: int
    cpu_us_added: float | None = None
    figures: tuple[Figure, ...] = ()
    more: Mapping[str, float | str | None] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @classmethod
    def of_one(cls, name: str, baseline: str, ratio: float, *figures: Figure) -> "Row":
        """Return a row of something that was measured once, so that it has no spread."""
        return cls(name, baseline, ratio, ratio, ratio, 1, figures=figures)

    def as_json(self) -> dict[str, object]:
        """Return the row as bench.json has it."""
        plain = asdict(self)
        more: dict[str, object] = plain.pop("more")
        return {**plain, **more}


@dataclass(frozen=True, slots=True)
class Measurement:
    """A row that can be measured; a comparison is some of them, each able to fail alone."""

    name: str
    take: Callable[[], Row]
