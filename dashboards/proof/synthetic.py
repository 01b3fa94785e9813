"""Samples of declared series, for panels that no fault of the proof brings to life.

Every counter grows and every distribution fills, under each label value that is declared;
`promtool test rules` then has Prometheus itself answer the panel's queries.
"""

import json
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from dashboards.model import Panel
from dashboards.proof.selection import ALL
from dashboards.queries import Query
from telemetry.catalog import Counter, Histogram, Metric

_MOST_SECONDS: Final = 60
_WINDOW_SECONDS: Final = 300
_ANY: Final = "any"
"""Stands for the values of a label that is open."""


def unanswered(promtool: Path, panel: Panel) -> tuple[str, ...]:
    """Return one line for each query of the panel that such samples leave without an answer."""
    return tuple(
        f"panel {panel.title!r}, query {query.legend!r}: no finite answer from its series"
        for query in panel.queries
        if not _answers(promtool, query)
    )


def _answers(promtool: Path, query: Query) -> bool:
    expression = ALL.fill(query.expression, _WINDOW_SECONDS)
    case = {
        "interval": "1m",
        "input_series": [one for metric in query.metrics for one in _samples(metric)],
        "promql_expr_test": [
            {
                # What is no number is neither above nor below zero.
                "expr": f"count(({expression}) >= 0 < Inf) > bool 0",
                "eval_time": "15m",
                "exp_samples": [{"labels": "{}", "value": 1}],
            }
        ],
    }
    with TemporaryDirectory() as folder:
        file = Path(folder) / "samples.yaml"
        # JSON is YAML, and needs no library to be written.
        file.write_text(json.dumps({"tests": [case]}), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - the tool that the caller found, and our own file
            [str(promtool), "test", "rules", str(file)],
            capture_output=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    return done.returncode == 0


def _samples(metric: Metric) -> Iterator[dict[str, Any]]:
    values = [label.values or (_ANY,) for label in metric.labels]
    for combination in product(*values):
        labels = dict(zip(metric.label_names, combination, strict=True))
        if isinstance(metric, Histogram):
            for number, bound in enumerate((*map(str, metric.buckets), "+Inf"), start=1):
                yield _series(f"{metric.prometheus_name}_bucket", {**labels, "le": bound}, number)
            yield _series(f"{metric.prometheus_name}_count", labels, len(metric.buckets) + 1)
        else:
            yield _series(metric.prometheus_name, labels, 1, grows=isinstance(metric, Counter))


def _series(name: str, labels: dict[str, str], step: int, *, grows: bool = True) -> dict[str, str]:
    named = ", ".join(
        f"{label}={json.dumps(value)}"
        for label, value in {**labels, "job": _ANY, "instance": _ANY}.items()
    )
    return {
        "series": f"{name}{{{named}}}",
        "values": f"0+{step}x20" if grows else f"{step}+0x20",
    }
