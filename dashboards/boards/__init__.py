"""The boards, one file each: plain data."""

from typing import Final

from dashboards.boards.access import ACCESS
from dashboards.boards.audit import AUDIT
from dashboards.boards.authorization import AUTHORIZATION
from dashboards.boards.batches import BATCHES
from dashboards.boards.database import DATABASE
from dashboards.boards.home import HOME
from dashboards.boards.reports import REPORTS
from dashboards.boards.runtime import RUNTIME
from dashboards.boards.service_overview import SERVICE_OVERVIEW
from dashboards.boards.slos import SLOS
from dashboards.boards.telemetry_health import TELEMETRY_HEALTH
from dashboards.model import Board

BOARDS: Final[tuple[Board, ...]] = (
    HOME,
    SERVICE_OVERVIEW,
    SLOS,
    AUTHORIZATION,
    DATABASE,
    REPORTS,
    BATCHES,
    AUDIT,
    ACCESS,
    RUNTIME,
    TELEMETRY_HEALTH,
)
