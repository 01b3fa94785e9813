"""The service itself, as `python -m app web` runs it: whole, with its own protocol and bounds."""

import hashlib
from typing import Final

from pydantic import SecretStr

from app import bootstrap, signals
from app.authorization.epoch import Epoch
from app.authorization.evaluator import GrantEvaluator
from app.authorization.l1 import LocalCache
from app.authorization.l2 import SharedCache
from app.authorization.model import DecisionLayer
from app.authorization.store import RedisStore
from app.database.pool import DatabasePool
from app.http.protocol import bounded_protocol
from app.processes import connection_limits
from app.security.roles import ALL_ROLES, BootstrapKey
from app.settings import Settings, read_settings
from bench.apps.ours import built, started
from bench.domain.questions import KEY
from bench.variants import Built, Wiring
from telemetry.runtime import Telemetry

_NO_ENTRIES: Final = 0


def build_l1(wiring: Wiring) -> Built:
    """Return the service as it is."""
    settings, telemetry = _settings(wiring), started(wiring, attributes=signals.ATTRIBUTES)
    return _built(settings, telemetry, bootstrap.build(settings, telemetry))


def build_l2(wiring: Wiring) -> Built:
    """Return the service with an L1 that never has what it is asked for."""
    return _past_l1(wiring, looks=True)


def build_l2_alone(wiring: Wiring) -> Built:
    """Return the service without an L1."""
    return _past_l1(wiring, looks=False)


def _past_l1(wiring: Wiring, *, looks: bool) -> Built:
    settings, telemetry = _settings(wiring), started(wiring, attributes=signals.ATTRIBUTES)
    meter, tracing = telemetry.meter, telemetry.tracing
    pool, epoch = DatabasePool(settings, telemetry), Epoch(meter)
    store = RedisStore.open(settings.redis_url.get_secret_value(), telemetry, command_seconds=1)
    shared = SharedCache(GrantEvaluator(pool, tracing, meter), store, epoch, meter, tracing)
    layers: DecisionLayer = shared
    if looks:
        layers = LocalCache(shared, epoch, meter, tracing, most_entries=_NO_ENTRIES)
    service = bootstrap.build(
        settings, telemetry, pool=pool, store=store, epoch=epoch, layers=layers
    )
    return _built(settings, telemetry, service)


def _built(settings: Settings, telemetry: Telemetry, service: bootstrap.Service) -> Built:
    protocol = bounded_protocol(connection_limits(settings), telemetry.meter)
    return built(telemetry, service.asgi, protocol)


def _settings(wiring: Wiring) -> Settings:
    database, cache = wiring.store.split()
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return read_settings(
        database_url=database,
        redis_url=cache,
        api_keys={"bench": BootstrapKey(SecretStr(digest), ALL_ROLES)},
        rate_limit_per_second=0,  # what the load asks is not for a key's bucket to say
        database_acquire_seconds=10,
    )
