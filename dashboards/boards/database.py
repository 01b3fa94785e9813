"""The data stores as their clients see them: connection pools, PostgreSQL and Redis."""

from typing import Final

from dashboards.boards.dependencies import DATABASE_CLIENTS, POOL_PANELS
from dashboards.model import Board, Row

DATABASE: Final = Board(
    slug="database",
    title="Database and pool",
    description="Connections, the waits for them, and what is asked of PostgreSQL and Redis.",
    rows=(Row("Connection pools", POOL_PANELS), Row("Operations", DATABASE_CLIENTS)),
)
