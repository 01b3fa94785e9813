"""The metrics that no panel asks, each with the reason: the one place for it.

A metric of the catalog is on a panel or here, and never on both; `check` holds it so.
"""

from typing import Final

from telemetry.catalog import database, runtime
from telemetry.catalog.declarations import Metric

UNPLOTTED: Final[dict[Metric, str]] = {
    database.CONNECTION_IDLE_MAX: (
        "Neither pool bounds its idle connections apart from all of them: it equals the most that "
        "a pool opens, which is on a panel."
    ),
    runtime.VIRTUAL_MEMORY: (
        "Address space that is reserved costs nothing; what a process can be stopped for is its "
        "resident memory, which is on a panel."
    ),
}
