"""Faults of what watches: a service that runs well and is seen badly is an incident, too."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Final

from alerts import naming
from app import signals
from compose.faults.model import Evidence, Fault, Layer, Told
from compose.faults.stage import Stage
from compose.faults.stores import AVAILABILITY, DEAD, DELAYED, DELIVERY, DOWN, LATENCY, UNAVAILABLE
from compose.faults.work import MAIL_FAILING, WEB_DOWN, WORKER_DOWN

PLATFORM_DOWN: Final = Told(naming.TARGET_DOWN, "jaeger")
SPANS: Final = Told(naming.SPANS_DROPPED)
LINKS: Final = Told(naming.EXEMPLARS_LOST)
NOTIFICATIONS: Final = Told(naming.NOTIFICATIONS_FAILING)
CONFIGURATION: Final = Told(naming.CONFIGURATION_REFUSED)

_COUNTED: Final = "What telemetry loses is counted: a line each would be lost in the same way."
_BROKEN: Final = "\nthis is no configuration: [\n"


async def _kill_jaeger(stage: Stage) -> None:
    await stage.platform.stop_part("jaeger", signal.SIGKILL)


async def _start_jaeger(stage: Stage) -> None:
    await stage.platform.start_part("jaeger")


async def _cut_collector(stage: Stage) -> None:
    stage.wires.collector.cut()


async def _mend_collector(stage: Stage) -> None:
    stage.wires.collector.release()


async def _cut_scrape(stage: Stage) -> None:
    stage.wires.scrape.cut()


async def _mend_scrape(stage: Stage) -> None:
    stage.wires.scrape.release()


async def _stop_mail(stage: Stage) -> None:
    await stage.platform.stop_part("mail", signal.SIGKILL)


async def _start_mail(stage: Stage) -> None:
    await stage.platform.start_part("mail")
    await stage.replay_dead_reports()


def _configuration(stage: Stage) -> Path:
    return stage.platform.config / "prometheus.yml"


async def _spoil_configuration(stage: Stage) -> None:
    with _configuration(stage).open("a", encoding="utf-8") as file:
        file.write(_BROKEN)
    stage.signal("prometheus", signal.SIGHUP)


async def _mend_configuration(stage: Stage) -> None:
    path = _configuration(stage)
    text = path.read_text(encoding="utf-8").removesuffix(_BROKEN)
    path.write_text(text, encoding="utf-8")
    os.kill(stage.platform.pid("prometheus"), signal.SIGHUP)


_Watching = partial(Fault, layer=Layer.OBSERVABILITY)

WATCHING_FAULTS: Final = (
    _Watching(
        name="jaeger-down",
        breaks="Jaeger is killed: no trace is stored, none can be read.",
        expects=(PLATFORM_DOWN,),
        may_follow=(SPANS, LINKS),
        must_not=(AVAILABILITY, LATENCY, WEB_DOWN, WORKER_DOWN),
        evidence=Evidence(
            ("telemetry-health", "Spans exported"),
            why_no_trace="It is the traces that are gone.",
            why_no_log=_COUNTED,
        ),
        inject=_kill_jaeger,
        repair=_start_jaeger,
    ),
    _Watching(
        name="collector-cut",
        breaks="The way from the service to the collector is cut, while Jaeger itself is well.",
        expects=(SPANS,),
        may_follow=(LINKS,),
        must_not=(AVAILABILITY, LATENCY, DOWN),
        evidence=Evidence(
            ("telemetry-health", "Spans exported"),
            why_no_trace="It is the traces that do not arrive.",
            why_no_log=_COUNTED,
        ),
        inject=_cut_collector,
        repair=_mend_collector,
        patience_seconds=120.0,
        later_seconds=16.0,
        why_later="A batch is lost when all tries at it are over: they do not shrink.",
    ),
    _Watching(
        name="scrape-cut",
        breaks="Prometheus does not reach the web process's metrics; users notice nothing.",
        expects=(WEB_DOWN,),
        must_not=(AVAILABILITY, LATENCY, WORKER_DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("service-overview", "Requests"),
            why_no_trace="The service runs well: its traces are as they always are.",
            why_no_log="The service runs well: its lines are as they always are.",
        ),
        inject=_cut_scrape,
        repair=_mend_scrape,
    ),
    _Watching(
        name="alert-mail-down",
        breaks="The mail server is gone for all: reports, and the alerts' own mails.",
        expects=(NOTIFICATIONS,),
        may_follow=(MAIL_FAILING, DEAD, DELIVERY, DELAYED),
        must_not=(AVAILABILITY, LATENCY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            ("reports", "Mails by outcome"),
            event=signals.MAIL_FAILED,
            failed=True,
            why_no_trace="Alertmanager makes no trace.",
        ),
        inject=_stop_mail,
        repair=_start_mail,
        patience_seconds=90.0,
        told_by="webhook",
        later_seconds=20.0,
        why_later="Alertmanager fails once it has a mail to send: another alert must come first.",
    ),
    _Watching(
        name="configuration-refused",
        breaks="Prometheus is given a configuration that it cannot read.",
        expects=(CONFIGURATION,),
        must_not=(AVAILABILITY, LATENCY, DOWN, UNAVAILABLE),
        evidence=Evidence(
            panel=None,
            why_no_trace="Prometheus makes no trace.",
            why_no_log="Prometheus says it in its own log, which is none of the service's.",
            why_no_panel="What was scraped before is scraped on: no line of any board moves.",
        ),
        inject=_spoil_configuration,
        repair=_mend_configuration,
    ),
)
