"""Judges an incident: what of all that was told was expected, when, and which link broke."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from compose.drill.record import Record, Verdict
from compose.drill.watch import Notice, Said
from compose.faults.model import Fault, Told

EXPECTED, EFFECT, FALSE = "expected", "effect", "false"


def role_of(fault: Fault, name: str, job: str) -> str:
    """Return what an alert is in an incident: expected, an effect, or false."""
    if any(told.covers(name, job) for told in fault.expects):
        return EXPECTED
    if any(told.covers(name, job) for told in fault.may_follow):
        return EFFECT
    return FALSE


def said_of(told: Told, notice: Notice, status: str) -> Iterable[Said]:
    """Return what a notice says of an alert."""
    return (one for one in notice.says(status) if told.covers(one.name, one.job))


def told_at(notices: Iterable[Notice], told: Told) -> float | None:
    """Return when the alert was first told."""
    return next((one.at for one in notices if any(said_of(told, one, "firing"))), None)


def resolved_at(notices: Iterable[Notice], told: Told, repaired: float) -> float | None:
    """Return when it was told, after the repair, that what was told first is over.

    A budget's alert is over when the window is that found the fault: its slower windows look back
    for longer, and tell of the same budget, not of the fault.
    """
    windows: tuple[str, ...] = ()
    for notice in notices:
        if not windows:
            windows = tuple(one.window for one in said_of(told, notice, "firing"))
        over = {one.window for one in said_of(told, notice, "resolved")}
        if notice.at >= repaired and over.intersection(windows):
            return notice.at
    return None


def judged(
    record: Record, notices: Sequence[Notice], theory: float, leftover: Sequence[str]
) -> Verdict:
    """Return the verdict, and note its moments in the record."""
    fault, moments = record.fault, record.moments
    injected, repaired = moments["injected"] or 0.0, moments["repaired"] or 0.0
    times = {told: told_at(notices, told) for told in fault.expects}
    seen = [told for told, at in times.items() if at is not None]
    told_moments = [at for at in times.values() if at is not None]
    over = [resolved_at(notices, told, repaired) for told in seen]
    ends = [at for at in over if at is not None]
    resolved = max(ends) if ends and len(ends) == len(over) else None
    moments["detected"] = min(told_moments, default=None)
    moments["complete"] = max(told_moments, default=None)
    moments["resolved"] = resolved
    by_role: dict[str, set[str]] = {EXPECTED: set(), EFFECT: set(), FALSE: set()}
    for notice in notices:
        for one in notice.says("firing"):
            named = str(Told(one.name, one.job))
            by_role[role_of(fault, one.name, one.job)].add(named)
    has_trace = not fault.evidence.why_no_trace
    links_ok = led_to_the_trace(record.links) if has_trace else _led_to_the_panel(record.links)
    verdict = Verdict(
        fault=fault.name,
        layer=fault.layer.value,
        detect_s=_seconds(moments["detected"], injected),
        resolve_s=_seconds(resolved, repaired),
        theory_s=theory,
        expected=tuple(map(str, fault.expects)),
        seen=tuple(map(str, seen)),
        effects=tuple(sorted(by_role[EFFECT])),
        false=tuple(sorted(by_role[FALSE])),
        has_trace=has_trace,
        links_ok=links_ok,
    )
    return _with_broken(verdict, record, leftover)


def led_to_the_trace(links: Sequence[dict[str, object]]) -> bool:
    """Tell whether runbook, graph and trace search of the messages led where they should."""
    return _led_to_the_panel(links) and any(
        link["kind"] == "traces" and link["holds"] for link in links
    )


def _led_to_the_panel(links: Sequence[dict[str, object]]) -> bool:
    return all(
        any(link["kind"] == kind and link["holds"] for link in links)
        for kind in ("runbook", "graph")
    )


def _with_broken(verdict: Verdict, record: Record, leftover: Sequence[str]) -> Verdict:
    broken = [f"{name} was not told" for name in verdict.missing]
    for name in verdict.false:
        misled = any(told.covers(*_parts(name)) for told in record.fault.must_not)
        broken.append(f"{name} was told{', and misleads' if misled else ''}: it is no part of this")
    if verdict.seen and verdict.resolve_s is None:
        broken.append("what was told was not told to be over after the repair")
    if verdict.seen and not verdict.links_ok:
        wrong = [
            f"{one['kind']} of {one['alert']} ({one['found']})"
            for one in record.links
            if not one["holds"]
        ]
        kinds = {one["kind"] for one in record.links}
        wanted = ("runbook", "graph", *(("traces",) if verdict.has_trace else ()))
        wrong += [f"no link to {kind}" for kind in wanted if kind not in kinds]
        broken.append(f"the message's links do not lead there: {', '.join(wrong)}")
    if leftover:
        broken.append(f"still there at the end: {', '.join(leftover)}")
    return replace(verdict, broken=tuple(broken))


def _parts(named: str) -> tuple[str, str]:
    name, _, job = named.partition(" (")
    return name, job.removesuffix(")")


def _seconds(moment: float | None, start: float) -> float | None:
    return None if moment is None else round(moment - start, 1)
