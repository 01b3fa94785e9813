"""All faults, and of each alert that none of them must bring about why that is so."""

from collections.abc import Mapping
from typing import Final

from alerts import naming
from app.objectives import AUDIT_SEALING
from compose.faults.model import Fault
from compose.faults.requests import REQUEST_FAULTS
from compose.faults.stores import STORE_FAULTS
from compose.faults.watching import WATCHING_FAULTS
from compose.faults.work import WORK_FAULTS

FAULTS: Final[tuple[Fault, ...]] = (*STORE_FAULTS, *REQUEST_FAULTS, *WORK_FAULTS, *WATCHING_FAULTS)

_TELEMETRY: Final = "broken by hand in tests/alerts/test_live_matrix.py, on the real telemetry"

NOT_EXPECTED: Final[Mapping[str, str]] = {
    naming.WATCHDOG: "it always fires; its silence is what would tell",
    naming.CLUSTER_SPLIT: "the native run has one Alertmanager, which cannot lose sight of itself",
    naming.RULES_FAILING: "every rule that ships is evaluated; promtool proves the alert",
    naming.burn_alert(AUDIT_SEALING): "its 60 s do not shrink: the trail's own alert is far sooner",
    naming.LOG_LINES_DROPPED: _TELEMETRY,
    naming.SCRAPES_REFUSED: _TELEMETRY,
    naming.SIGNALS_CUT: _TELEMETRY,
    naming.THREAD_FAILING: "nothing is known that makes it fail; promtool proves the alert",
    naming.EXEMPLARS_LOST: "an effect of lost spans, whose alert silences it",
}
"""By alert."""


def named(names: list[str]) -> tuple[Fault, ...]:
    """Return the faults of these names in the catalogue's order, or all; `KeyError` names one."""
    known = {fault.name for fault in FAULTS}
    for name in names:
        if name not in known:
            raise KeyError(name)
    return tuple(fault for fault in FAULTS if not names or fault.name in names)
