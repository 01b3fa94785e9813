"""Judges an incident: what of all that was told was expected, when, and which link broke."""

from collections.abc import Sequence
from dataclasses import replace

from compose.drill.record import Record, Verdict
from compose.drill.showing import log_shows, panel_shows
from compose.drill.telling import Deadlines, clear_at, first_telling, resolved_at
from compose.drill.watch import Notice
from compose.faults.model import Fault, Told

EXPECTED, EFFECT, FALSE = "expected", "effect", "false"


def role_of(fault: Fault, name: str, job: str) -> str:
    """Return what an alert is in an incident: expected, an effect, or false."""
    if any(told.covers(name, job) for told in fault.expects):
        return EXPECTED
    if any(told.covers(name, job) for told in fault.may_follow):
        return EFFECT
    return FALSE


def judged(
    record: Record, notices: Sequence[Notice], theory: float, leftover: Sequence[str]
) -> Verdict:
    """Return the verdict, and note its moments in the record."""
    fault, moments = record.fault, record.moments
    limits = Deadlines.of(fault, moments)
    first = {told: first_telling(notices, told, limits) for told in fault.expects}
    told_moments = {told: one.at for told, one in first.items() if one is not None}
    moments["detected"] = min(told_moments.values(), default=None)
    moments["complete"] = max(told_moments.values(), default=None)
    moments["resolved"] = _last([resolved_at(notices, told, limits) for told in told_moments])
    moments["clear"] = _last([clear_at(notices, told, limits) for told in told_moments])
    by_role = _by_role(fault, notices)
    evidence = fault.evidence
    has_trace = not evidence.why_no_trace
    verdict = Verdict(
        fault=fault.name,
        layer=fault.layer.value,
        detect_s=_seconds(moments["detected"], limits.injected),
        resolve_s=_seconds(moments["resolved"], limits.repaired),
        clear_s=_seconds(moments["clear"], limits.repaired),
        theory_s=theory,
        later_s=fault.later_seconds,
        why_later=fault.why_later,
        expected=tuple(map(str, fault.expects)),
        seen=tuple(map(str, told_moments)),
        effects=by_role[EFFECT],
        false=by_role[FALSE],
        has_trace=has_trace,
        message_ok=(
            led_to_the_trace(record.links) if has_trace else _led_to_the_panel(record.links)
        ),
        log_ok=log_shows(record.lines, evidence, moments),
        panel_ok=panel_shows(record.panels, evidence, moments),
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


def _by_role(fault: Fault, notices: Sequence[Notice]) -> dict[str, tuple[str, ...]]:
    """Return what was told, on any way and at any time: a false alarm has no deadline."""
    found: dict[str, set[str]] = {EXPECTED: set(), EFFECT: set(), FALSE: set()}
    for notice in notices:
        for one in notice.says("firing"):
            role = role_of(fault, one.name, one.job)
            found[role].add(str(Told(one.name, one.job)))
    return {role: tuple(sorted(names)) for role, names in found.items()}


def _with_broken(verdict: Verdict, record: Record, leftover: Sequence[str]) -> Verdict:
    fault = record.fault
    broken = [f"the drill itself could not {text}" for text in record.troubles]
    broken += [f"{name} was not told in time by {fault.told_by}" for name in verdict.missing]
    for name in verdict.false:
        misled = any(told.covers(*_parts(name)) for told in fault.must_not)
        broken.append(f"{name} was told{', and misleads' if misled else ''}: it is no part of this")
    if verdict.seen and verdict.resolve_s is None:
        broken.append("what was told was not told in time to be over after the repair")
    if verdict.seen and not verdict.message_ok:
        broken.append(f"the message's links do not lead there: {', '.join(_astray(record))}")
    if verdict.log_ok is False and fault.evidence.event:
        broken.append(f"no line of the log shows it: {fault.evidence.event.name}")
    if verdict.panel_ok is False and fault.evidence.panel:
        broken.append(f"the panel does not show it: {' / '.join(fault.evidence.panel)}")
    if leftover:
        broken.append(f"still there at the end: {', '.join(leftover)}")
    return replace(verdict, broken=tuple(broken))


def _astray(record: Record) -> list[str]:
    """Return the links that do not hold, and those that are not there."""
    wrong = [
        f"{one['kind']} of {one['alert']} ({one['found']})"
        for one in record.links
        if not one["holds"]
    ]
    kinds = {one["kind"] for one in record.links}
    has_trace = not record.fault.evidence.why_no_trace
    wanted = ("runbook", "graph", *(("traces",) if has_trace else ()))
    return wrong + [f"no link to {kind}" for kind in wanted if kind not in kinds]


def _parts(named: str) -> tuple[str, str]:
    name, _, job = named.partition(" (")
    return name, job.removesuffix(")")


def _last(moments: Sequence[float | None]) -> float | None:
    """Return the last of the moments; None where one of them never came."""
    came = [at for at in moments if at is not None]
    return max(came) if came and len(came) == len(moments) else None


def _seconds(moment: float | None, start: float) -> float | None:
    return None if moment is None else round(moment - start, 1)
