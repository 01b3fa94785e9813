"""What a reader can pick in `$job` and `$instance`, and what Grafana then puts into a query."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dashboards.selectors import RATE_INTERVAL

EVERYTHING: Final = ".+"
"""What "All" becomes, as the boards' variables say."""

_WINDOW: Final = re.compile(r"\[(\d+)([smhd])\]")
_SECONDS_OF: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}]")


@dataclass(frozen=True, slots=True)
class Selection:
    """One choice of both variables, as the text that stands for each in a query."""

    title: str
    job: str = EVERYTHING
    instance: str = EVERYTHING

    def fill(self, expression: str, rate_seconds: float) -> str:
        """Return the expression as Grafana would send it."""
        return (
            expression.replace(RATE_INTERVAL, f"{rate_seconds:g}s")
            .replace("$job", self.job)
            .replace("$instance", self.instance)
        )


ALL: Final = Selection("all")


def matrix(targets: Mapping[str, Sequence[str]]) -> Iterator[Selection]:
    """Yield the choices: all, one and several of each variable that can be picked together.

    `targets` are the instances of each job.
    """
    yield ALL
    yield Selection("all jobs, named", job=several(targets))
    for job, instances in targets.items():
        yield Selection(f"job {job}", job=several([job]))
        for instance in instances:
            yield Selection(f"instance of {job}", instance=several([instance]))
            yield Selection(
                f"job {job} and its instance", job=several([job]), instance=several([instance])
            )


def several(values: Sequence[str] | Mapping[str, object]) -> str:
    """Return the values as Grafana writes them into a regular expression in PromQL."""
    escaped = [_SPECIAL.sub(lambda found: rf"\\{found.group()}", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def compressed(expression: str, scale: int) -> str:
    """Return the expression with its windows as short as time is compressed.

    Those are an objective's: every other window is Grafana's rate interval.
    """
    return _WINDOW.sub(
        lambda found: f"[{int(found[1]) * _SECONDS_OF[found[2]] // scale}s]", expression
    )


def rate_seconds(step: float, scrape_interval: float) -> float:
    """Return Grafana's `$__rate_interval`: it holds four scrapes, and no scrape is passed over."""
    return max(step + scrape_interval, 4 * scrape_interval)
