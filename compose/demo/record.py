"""The demo's incident as a drill's are kept: a record, and the page that is made of it.

The scenario verified each link before; a page that cannot be made is told, and no failure.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alerts import naming
from compose.chain.prometheus import Prometheus
from compose.chain.traces import FileTraces, JaegerTraces
from compose.demo.scenario import ALERT, Evidence
from compose.drill import budget, panels
from compose.drill.judging import judged, role_of
from compose.drill.links import Followed, follow
from compose.drill.logs import LogMark, telling
from compose.drill.record import BUILD, Record
from compose.drill.showing import line_shows
from compose.drill.theory import Theory
from compose.drill.watch import Notice, Watch
from compose.faults.catalogue import named
from compose.faults.model import Fault
from compose.incident.page import page
from compose.incident.reading import read
from compose.native.run import Platform
from dashboards.proof.prometheus import Window

FOLDER: Final = BUILD / "demo"
_FAULT: Final = "postgresql-down"
_BEFORE_SECONDS: Final = 20.0


def fault() -> Fault:
    """Return the demo's fault: it waits for one alert alone, the others may follow."""
    [found] = named([_FAULT])
    awaited = tuple(one for one in found.expects if one.name == ALERT)
    rest = tuple(one for one in found.expects if one.name != ALERT)
    return replace(found, expects=awaited, may_follow=(*found.may_follow, *rest))


def recorded(
    platform: Platform, watch: Watch, logs: LogMark, evidence: Evidence, scale: int
) -> Record:
    """Return all that a report needs, asked of the parts; raises httpx's errors."""
    broken, told_of = evidence.times.broken_at, fault()
    url = platform.urls["prometheus"]
    notices = watch.since(broken)
    watch.correct(Prometheus(url), broken)
    record = Record(
        fault=told_of,
        scale=scale,
        run="demo",
        moments={
            "began": broken - _BEFORE_SECONDS,
            "injected": broken,
            "repaired": evidence.times.repaired_at,
            "ended": time.time(),
        },
        alerts=[
            asdict(one) | {"role": role_of(told_of, one.name, one.labels.get(naming.JOB, ""))}
            for one in watch.alerts_since(broken)
            if one.fired_at
        ],
        notices=[
            {
                "at": one.at,
                "via": one.via,
                "said": [asdict(each) for each in one.said],
                "content": one.content,
            }
            for one in notices
        ],
        links=[asdict(one) for one in _followed(platform, notices, told_of, broken)],
        traces=[_trace(platform, evidence.failed_trace_id)],
        panels=list(
            panels.sampled(
                url, told_of.evidence.panel, Window(broken - _BEFORE_SECONDS, time.time())
            )
        ),
        budgets=[asdict(one) for one in budget.spent(Prometheus(url), time.time() - broken, scale)],
    )
    record.lines = telling(
        _since(logs.lines(), broken),
        lambda line: line_shows(line, told_of.evidence, record.moments),
        {evidence.failed_trace_id},
    )
    record.verdict = judged(record, notices, Theory(scale).of_fault(told_of.expects), ())
    return record


def write(record: Record, folder: Path = FOLDER) -> Path:
    """Keep the record and make its page; return the page's place."""
    place = record.write(folder).with_suffix(".html")
    place.write_text(page(read(place.with_suffix(".json"))), encoding="utf-8")
    return place


def _followed(
    platform: Platform, notices: Sequence[Notice], told_of: Fault, broken: float
) -> Iterator[Followed]:
    jaeger = JaegerTraces(platform.urls["jaeger"]) if "jaeger" in platform.urls else None
    first = next((one for one in notices if _says(one, told_of)), None)
    if first is not None:
        yield from follow(first, told_of.evidence, jaeger, broken)


def _says(notice: Notice, told_of: Fault) -> bool:
    return any(
        told.covers(one.name, one.job) for one in notice.says("firing") for told in told_of.expects
    )


def _trace(platform: Platform, trace_id: str) -> dict[str, Any]:
    file = platform.traces_file
    traces = FileTraces(file) if file else JaegerTraces(platform.urls["jaeger"])
    spans = [asdict(span) for span in traces.trace(trace_id)]
    return {"trace_id": trace_id, "by_link": file is None, "spans": spans}


def _since(lines: Iterator[dict[str, Any]], moment: float) -> Iterator[dict[str, Any]]:
    """Yield the lines that were written from then on."""
    from_then = datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")
    begins = from_then.replace("+00:00", "Z")
    return (line for line in lines if str(line.get("timestamp", "")) >= begins)
