"""The baselines: the handlers and nothing else."""

from bench.apps import handlers
from bench.variants import Built, Wiring


def build(_: Wiring) -> Built:
    """Return the bare application."""
    return Built(handlers.decisions())


def build_asyncpg(wiring: Wiring) -> Built:
    """Return the bare application with one statement a request."""
    return Built(handlers.asyncpg_decisions(wiring.store))


def build_redis(wiring: Wiring) -> Built:
    """Return the bare application with one command a request."""
    return Built(handlers.redis_decisions(handlers.redis_client(wiring.store)))
