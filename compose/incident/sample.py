"""Makes a drill's record small enough to ship: `python -m compose.incident.sample RECORD`.

What the tour and the report need stays: the panels that moved, the messages of the expected alerts,
a few lines of the log.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from compose.incident.boards import telling
from compose.incident.reading import incident

SAMPLE: Final = Path(__file__).with_name("sample.json")
_MOST_LINES: Final = 16
_MOST_EXEMPLARS: Final = 12
_SERIES: Final = 8
_DIGITS: Final = 4


def sampled(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with less in it."""
    whole = incident(record)
    traced = {trace["trace_id"] for trace in record["traces"]}
    expected = {one["name"] for one in record["fault"]["expects"]}
    kept = {(one.board, one.title) for one in telling(whole, whole.panels)}
    leading = _with_exemplars(record, traced)
    if leading is not None:
        kept.add((leading["board"], leading["title"]))
    lines = sorted(record["lines"], key=lambda one: one.get("trace_id") not in traced)
    return {
        **record,
        "notices": [
            # A mail's own headers name the machine that sent it.
            one | {"content": one["content"] | {"headers": []}}
            for one in record["notices"]
            if one["via"] == "mail" and any(said["name"] in expected for said in one["said"])
        ],
        "lines": lines[:_MOST_LINES],
        "panels": [
            _panel(one, traced)
            for one in record["panels"]
            if one["shows_the_fault"] or (one["board"], one["title"]) in kept
        ],
    }


def written(record: Mapping[str, Any]) -> str:
    """Return it as JSON, a line for each thing."""
    parts = []
    for key, value in record.items():
        if isinstance(value, list):
            rows = ",\n  ".join(json.dumps(one) for one in value)
            parts.append(f" {json.dumps(key)}: [\n  {rows}\n ]")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _with_exemplars(record: Mapping[str, Any], traced: set[str]) -> Mapping[str, Any] | None:
    """Return a panel over time with an exemplar that leads to one of the traces."""
    leading = (
        panel
        for panel in record["panels"]
        if panel["visual"] == "timeseries"
        and any(one["trace_id"] in traced for one in panel.get("exemplars", ()))
    )
    return next(leading, None)


def _panel(panel: Mapping[str, Any], traced: set[str]) -> dict[str, Any]:
    exemplars = sorted(
        panel.get("exemplars", ()), key=lambda one: (one["trace_id"] not in traced, -one["value"])
    )
    queries = [
        query
        | {
            "series": [
                one | {"points": [[round(at, 1), _short(value)] for at, value in one["points"]]}
                for one in sorted(query["series"], key=_highest)[:_SERIES]
            ]
        }
        for query in panel["queries"]
    ]
    return {**panel, "queries": queries, "exemplars": exemplars[:_MOST_EXEMPLARS]}


def _highest(series: Mapping[str, Any]) -> float:
    return -max((value for _, value in series["points"]), default=0.0)


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def main(arguments: list[str]) -> int:
    """Write the sample from a record."""
    parser = argparse.ArgumentParser(
        prog="python -m compose.incident.sample", description=main.__doc__
    )
    parser.add_argument("record", type=Path)
    options = parser.parse_args(arguments)
    record = json.loads(options.record.read_text(encoding="utf-8"))
    SAMPLE.write_text(written(sampled(record)), encoding="utf-8")
    sys.stdout.write(f"{SAMPLE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
