"""Alerts and messages as an incident's record has them, and the moments that they make."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from alerts import naming
from compose.drill.judging import role_of
from compose.drill.record import Record
from compose.drill.watch import Notice, Standing
from compose.faults.model import Fault


def as_record(record: Record, standings: Sequence[Standing], notices: Sequence[Notice]) -> None:
    """Put the alerts that fired and all messages into the record."""
    record.notices = [_notice(one) for one in notices]
    record.alerts = [_alert(one, record.fault) for one in standings if one.fired_at]


def moments_of(
    standings: Sequence[Standing], notices: Sequence[Notice]
) -> Iterator[dict[str, Any]]:
    """Yield an entry of the timeline for each thing that alerts and messages did."""
    for standing in standings:
        yield from _of_standing(standing)
    for notice in notices:
        for said in notice.said:
            yield {
                "at": notice.at,
                "kind": "told" if said.status == "firing" else "told_over",
                "text": f"{said.name} is {said.status}",
                "alert": said.name,
                "job": said.job,
                "window": said.window,
                "severity": said.severity,
                "via": notice.via,
            }


def _of_standing(standing: Standing) -> Iterator[dict[str, Any]]:
    labels = standing.labels
    moments = (
        ("pending", standing.pending_at),
        ("firing", standing.fired_at),
        ("over", standing.gone_at),
    )
    for kind, at in moments:
        if at is not None:
            yield {
                "at": at,
                "kind": kind,
                "text": f"{standing.name} is {kind} in Prometheus",
                "alert": standing.name,
                "job": labels.get(naming.JOB, ""),
                "window": labels.get(naming.WINDOW, ""),
                "severity": labels.get(naming.SEVERITY, ""),
                "via": "",
            }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "at": notice.at,
        "via": notice.via,
        "said": [asdict(one) for one in notice.said],
        "content": notice.content,
    }


def _alert(standing: Standing, fault: Fault) -> dict[str, Any]:
    job = standing.labels.get(naming.JOB, "")
    return asdict(standing) | {"role": role_of(fault, standing.name, job)}
