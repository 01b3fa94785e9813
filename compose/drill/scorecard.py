"""The figures of a whole drill, from the verdicts of its incidents and the healthy stretches.

Recall is the share of the expected alerts that were told in time; precision the share of what was
told, effects aside, that was expected. A false alarm of a healthy stretch counts against precision
too. Counting effects as if they were false is the hardest reading, and stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from compose.drill.record import Verdict

LEAST_RECALL: Final = 1.0
LEAST_PRECISION: Final = 0.95
INTERVALS: Final = 2
"""How many evaluation intervals the median may be above the theory's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Seconds are of the drill's time; `whole` tells whether every fault of the catalogue ran."""

    verdicts: tuple[Verdict, ...]
    false_alarms: tuple[str, ...]
    """What was told in the healthy stretches."""
    healthy_s: float
    evaluation_s: float
    group_interval_s: float
    scale: int
    whole: bool
    took_s: float

    @property
    def recall(self) -> float:
        """The share of the expected alerts that were told."""
        return _share(self._seen, sum(len(one.expected) for one in self.verdicts))

    @property
    def precision(self) -> float:
        """The share of what was told that was expected, effects aside."""
        false = sum(len(one.false) for one in self.verdicts) + len(self.false_alarms)
        return _share(self._seen, self._seen + false)

    @property
    def precision_with_effects(self) -> float:
        """The share of all that was told that was expected: effects are held against it."""
        told = sum(len(one.told) for one in self.verdicts) + len(self.false_alarms)
        return _share(self._seen, told)

    @property
    def late(self) -> tuple[Verdict, ...]:
        """The incidents that were told later than the rules, and what the fault says, account for.

        Two evaluations and one interval of the group are allowed: an alert may join a group that
        has been told of another.
        """
        more = INTERVALS * self.evaluation_s + self.group_interval_s
        return tuple(
            one
            for one in self.verdicts
            if one.detect_s is not None and one.detect_s > one.theory_s + one.later_s + more
        )

    @property
    def median_detect_s(self) -> float | None:
        """The median time from the fault to the first expected message."""
        return _median([one.detect_s for one in self.verdicts if one.detect_s is not None])

    @property
    def median_theory_s(self) -> float | None:
        """The median of the times within which the rules tell."""
        return _median([one.theory_s for one in self.verdicts])

    @property
    def median_resolve_s(self) -> float | None:
        """The median time from the repair to the message that the window is over that found it."""
        return _median([one.resolve_s for one in self.verdicts if one.resolve_s is not None])

    @property
    def detects_in_time(self) -> bool:
        """Whether the median detection is within the intervals of the median theory."""
        seen, theory = self.median_detect_s, self.median_theory_s
        if seen is None or theory is None:
            return False
        return seen <= theory + INTERVALS * self.evaluation_s

    @property
    def with_trace(self) -> tuple[Verdict, ...]:
        """The incidents that a trace can show."""
        return tuple(one for one in self.verdicts if one.has_trace)

    @property
    def led_to_trace(self) -> float:
        """The share of those whose message leads to the right trace by its links alone."""
        return _share(sum(one.message_ok for one in self.with_trace), len(self.with_trace))

    @property
    def faults(self) -> list[str]:
        """Return a line for each thing that is not as it should be; none is a pass."""
        lines = [f"{one.fault}: {text}" for one in self.verdicts for text in one.broken]
        lines += [
            f"healthy stretch: {text} was told, and nothing was wrong" for text in self.false_alarms
        ]
        if self.recall < LEAST_RECALL:
            lines.append(f"recall is {self.recall:.2f}, not {LEAST_RECALL}")
        if self.precision < LEAST_PRECISION:
            lines.append(f"precision is {self.precision:.2f}, under {LEAST_PRECISION}")
        if self.whole and not self.detects_in_time:
            lines.append(
                f"the median detection is {self.median_detect_s} s; the theory's is "
                f"{self.median_theory_s} s, and {INTERVALS} evaluations more are allowed"
            )
        return lines

    def document(self) -> dict[str, Any]:
        """Return it as `build/drill.json` has it."""
        return {
            "faults": [
                one.document() | {"name": one.fault, "fired": list(one.told)}
                for one in self.verdicts
            ],
            "recall": round(self.recall, 4),
            "precision": round(self.precision, 4),
            "precision_with_effects": round(self.precision_with_effects, 4),
            "late": [one.fault for one in self.late],
            "false_alarms": list(self.false_alarms),
            "healthy_s": self.healthy_s,
            "led_to_trace": round(self.led_to_trace, 4),
            "median_detect_s": self.median_detect_s,
            "median_theory_s": self.median_theory_s,
            "median_resolve_s": self.median_resolve_s,
            "evaluation_s": self.evaluation_s,
            "group_interval_s": self.group_interval_s,
            "scale": self.scale,
            "whole": self.whole,
            "took_s": round(self.took_s),
        }

    @property
    def _seen(self) -> int:
        return sum(len(one.seen) for one in self.verdicts)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _median(values: Sequence[float]) -> float | None:
    return round(median(values), 1) if values else None
