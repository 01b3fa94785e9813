"""What a comparison yields: a row of the table and of build/bench.json."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is the contestant's throughput over the baseline's: above 1, it is faster.

    `cpu_us_added` is what one operation costs more than the baseline's, in microseconds of CPU over
    all threads; None where no CPU was read. `more` are further figures of this row; `problems` are
    reasons why the run is void.
    """

    name: str
    baseline: str
    ratio: float
    q1: float
    q3: float
    pairs: int
    cpu_us_added: float | None
    more: Mapping[str, float | str | None] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the row as bench.json has it."""
        plain = asdict(self)
        more: dict[str, object] = plain.pop("more")
        return {**plain, **more}
