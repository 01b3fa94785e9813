"""Prometheus: starts when its targets answer, so that a run never begins with a false alarm."""

from pathlib import Path
from typing import Final

from alerts.clock import Clock
from compose.native import render
from compose.native.part import Part
from compose.native.plan import REPOSITORY, Plan
from compose.native.ports import HOST
from compose.native.readiness import http_ok
from compose.native.tools import Tools

_SOURCE: Final = REPOSITORY / "compose" / "prometheus" / "prometheus.yml"
# A budget covers thirty days; in compressed time a day is 24 minutes.
_RETENTION: Final = ("--storage.tsdb.retention.time=35d", "--storage.tsdb.retention.size=512MB")


def prometheus(plan: Plan, tools: Tools) -> Part:
    """Return Prometheus with the rules of the run's time scale, keeping exemplars."""
    binary = tools.find("prometheus")
    config = plan.folder.config / "prometheus.yml"
    config.write_text(
        render.prometheus(
            _SOURCE.read_text(encoding="utf-8"),
            plan.as_others_see().ports,
            rules=plan.alert_files / "rules.yaml",
            scale=plan.scale,
            jaeger=plan.jaeger is not None,
        ),
        encoding="utf-8",
    )
    own = plan.url(plan.ports.prometheus)
    targets = ("web", "worker", "alertmanager", *(("jaeger",) if plan.jaeger else ()))
    return Part(
        name="prometheus",
        command=(
            str(binary),
            f"--config.file={config}",
            f"--storage.tsdb.path={plan.folder.data / 'prometheus'}",
            *_RETENTION,
            f"--rules.alert.resend-delay={Clock(plan.scale).resend_delay}",
            "--enable-feature=exemplar-storage",
            f"--web.listen-address={HOST}:{plan.ports.prometheus}",
            f"--web.external-url={own}",
            *_page_files(binary),
            *_erasable(plan),
        ),
        ready=http_ok(f"{own}/-/ready"),
        needs=targets,
    )


def _page_files(binary: Path) -> tuple[str, ...]:
    """Debian's build reads its web page's files from /usr/share; ours are beside the binary."""
    files = binary.parent.parent / "share" / "prometheus" / "web"
    unpacked = files.is_dir() and not files.is_relative_to("/usr")
    return (f"--web.local-assets={files}/",) if unpacked else ()


def _erasable(plan: Plan) -> tuple[str, ...]:
    """In compressed time a drill gives a budget back: it erases what an incident has spent."""
    return ("--web.enable-admin-api",) if plan.scale != 1 else ()
