"""What stays of an incident: `build/drill/<fault>.json`, all that a report about it needs.

Every moment is in seconds since the Unix epoch (UTC, with fractions); null is what did not happen.

    format    1; another number when a field changes its meaning
    scale     how many times faster than real time the alerts' windows ran
    fault     name, breaks, layer, expects, may_follow, must_not: [{"name", "job"}], and evidence:
              {"span", "event", "panel": {"board", "title"}, "why_no_trace", "why_no_log",
              "why_no_panel"}; of the panel both are empty where there is none
    run       "drill" or "demo": who broke it
    moments   began (the record's first sample), injected, detected (the first message of an
              expected alert that was in time), complete (the last of them), repaired, resolved
              (the window that found the fault is told to be over), clear (the first message after
              the repair in which nothing of the alert still fires), returned (the budgets' series
              are erased), ended
    timeline  [{"at", "kind", "text", "alert", "job", "window", "severity", "via"}], by time; kind
              is injected, pending, firing, told, repaired, over, told_over, budget_returned
    alerts    [{"labels", "annotations", "pending_at", "fired_at", "gone_at", "role"}] as Prometheus
              had them: fired_at is the evaluation's moment, gone_at when it was seen to be gone;
              role is expected, effect or false
    notices   [{"at", "via", "said": [{"status", "name", "severity", "job", "window"}],
              "content"}]; content is a mail's {"subject", "from", "to", "headers", "text", "html"},
              or the payload that Alertmanager posted
    links     [{"alert", "kind", "url", "holds", "found", "trace_id"}]: the message's links
              followed; kind is runbook, graph or traces
    traces    [{"trace_id", "by_link", "spans": [{"trace_id", "span_id", "parent_id", "name",
              "service", "started", "seconds", "attributes", "links", "failed"}]}]; by_link tells
              whether the message led to it, or only a search for the span did; a second one, where
              there is one, is of an exemplar of a panel
    lines     log lines as the service wrote them: those of the traces, of the evidence's event,
              and the first warnings
    panels    [{"board", "board_title", "title", "answers", "unit", "visual", "shows_the_fault",
              "queries": [{"expression", "legend", "series": [{"labels", "points"}]}],
              "exemplars": [{"at", "value", "trace_id"}]}]; points are [moment, value], a second
              apart
    budgets   [{"objective", "promise", "events", "bad", "share"}]: share (1 is all) of the budget
              of the objective's period
    traffic   {"rate", "answers": {status: count}} of the whole incident
    troubles  what the drill itself could not do, in words
    verdict   {"detect_s", "resolve_s", "clear_s", "theory_s", "later_s", "why_later", "expected",
              "seen", "missing", "effects", "false", "message_ok", "log_ok", "panel_ok", "links_ok",
              "broken"}; log_ok and panel_ok are null where the fault says why none can show it,
              links_ok is all three, broken names each link of the chain that did not hold
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from compose.faults.model import Fault, Told

FORMAT: Final = 1
BUILD: Final = Path(__file__).resolve().parents[2] / "build"
FOLDER: Final = BUILD / "drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an incident went; seconds, or None for what did not happen."""

    fault: str
    layer: str
    detect_s: float | None
    resolve_s: float | None
    """Until the window that found it was told to be over."""
    theory_s: float
    expected: tuple[str, ...]
    seen: tuple[str, ...]
    effects: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    clear_s: float | None = None
    """Until nothing of it fired any more; None where the budgets were given back before."""
    later_s: float = 0.0
    why_later: str = ""
    has_trace: bool = True
    message_ok: bool = True
    """Whether the message's links alone lead to the runbook, a graph and the right trace."""
    log_ok: bool | None = None
    panel_ok: bool | None = None
    broken: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What should have been told and was not."""
        return tuple(name for name in self.expected if name not in self.seen)

    @property
    def links_ok(self) -> bool:
        """Whether message, log and panel all show it, as far as the catalogue says they do."""
        return self.message_ok and self.log_ok is not False and self.panel_ok is not False

    @property
    def told(self) -> tuple[str, ...]:
        """All that was told: expected in time, effects, and what is false."""
        return (*self.seen, *self.effects, *self.false)

    @property
    def passed(self) -> bool:
        """Whether every link of the chain held."""
        return not self.broken

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"missing": list(self.missing), "links_ok": self.links_ok}


@dataclass(kw_only=True)
class Record:
    """One incident, as the module describes it."""

    fault: Fault
    scale: int
    moments: dict[str, float | None]
    run: str = "drill"
    timeline: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    panels: list[dict[str, Any]] = field(default_factory=list)
    budgets: list[dict[str, Any]] = field(default_factory=list)
    traffic: dict[str, Any] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    verdict: Verdict | None = None

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        kept = {name: value for name, value in vars(self).items() if name != "verdict"}
        verdict = self.verdict.document() if self.verdict else {}
        return {"format": FORMAT} | kept | {"fault": _fault(self.fault), "verdict": verdict}

    def write(self, folder: Path = FOLDER) -> Path:
        """Keep it under the fault's name; return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.fault.name}.json"
        # Quick, for the wires wait meanwhile: they are of this process.
        file.write_bytes(orjson.dumps(self.document(), option=orjson.OPT_APPEND_NEWLINE))
        return file


def _fault(fault: Fault) -> dict[str, Any]:
    evidence = fault.evidence
    board, title = evidence.panel or ("", "")
    return {
        "name": fault.name,
        "breaks": fault.breaks,
        "layer": fault.layer.value,
        "expects": _told(fault.expects),
        "may_follow": _told(fault.may_follow),
        "must_not": _told(fault.must_not),
        "evidence": {
            "span": evidence.span_name,
            "event": evidence.event.name if evidence.event else "",
            "panel": {"board": board, "title": title},
            "why_no_trace": evidence.why_no_trace,
            "why_no_log": evidence.why_no_log,
            "why_no_panel": evidence.why_no_panel,
        },
    }


def _told(alerts: tuple[Told, ...]) -> list[dict[str, str]]:
    return [{"name": one.name, "job": one.job} for one in alerts]
