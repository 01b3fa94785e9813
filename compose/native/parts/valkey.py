"""Valkey: a cache in memory, nothing on disk, with a password of the run's own."""

from compose.native.part import Part
from compose.native.plan import Plan
from compose.native.ports import HOST
from compose.native.readiness import redis_pongs
from compose.native.tools import Tools


def valkey(plan: Plan, tools: Tools) -> Part:
    """Return the cache; its password is in a file, for a command line is everyone's to read."""
    settings = {
        "bind": HOST,
        "port": str(plan.ports.valkey),
        "requirepass": plan.cache_password,
        "save": '""',
        "appendonly": "no",
        "maxmemory": "96mb",
        "maxmemory-policy": "allkeys-lru",
        "dir": f'"{plan.folder.data}"',
    }
    config = plan.folder.config / "valkey.conf"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return Part(
        name="valkey",
        command=(str(tools.find("valkey")), str(config)),
        ready=redis_pongs(plan.ports.valkey, plan.cache_password),
    )
