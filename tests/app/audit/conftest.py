import pytest

from app.audit.sealer import Sealer
from app.database.pool import DatabasePool
from telemetry.testing import Captured


@pytest.fixture
def sealer(pool: DatabasePool, captured: Captured) -> Sealer:
    return Sealer(pool, captured.telemetry.meter)
