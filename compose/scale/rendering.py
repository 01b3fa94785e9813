"""The native copies of the files of this folder: the same, with addresses of this machine.

As `compose.native.render` does for prometheus.yml: a name that is not given is an error, not an
address that nobody answers. Replicas that do not run are left out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from compose.native.errors import RunError
from compose.native.ports import HOST

FOLDER: Final = Path(__file__).resolve().parent
_SERVER: Final = re.compile(r"^\s+server (\S+) (\S+):\d+$")
_BIND: Final = re.compile(r"^(\s+bind )0\.0\.0\.0:(\d+)$")
_SECTION: Final = re.compile(r"^(?:frontend|backend|listen) (\S+)$")


def haproxy(source: str, *, binds: Mapping[str, int], servers: Mapping[str, int]) -> str:
    """Return haproxy.cfg with the ports of its sections and servers; those not named fall out.

    A section without a bind or a server left is left out whole, unless it is named in `binds`.
    """
    blocks: dict[str, list[str]] = {"": []}
    section = ""
    for line in source.splitlines():
        if found := _SECTION.match(line):
            section = found[1]
        kept = _line(line, section, binds, servers)
        if kept is not None:
            blocks.setdefault(section, []).append(kept)
    unknown = (binds.keys() | {_base(name) for name in servers}) - blocks.keys()
    if unknown:
        message = f"haproxy.cfg has no section {', '.join(sorted(unknown))}"
        raise RunError(message)
    live = {"", *binds, *(_base(name) for name in servers)}
    return (
        "\n".join(line for name, lines in blocks.items() if name in live for line in lines) + "\n"
    )


def targets(ports: Sequence[int]) -> str:
    """Return what file_sd reads: a target each replica's metrics."""
    return json.dumps([{"targets": [f"{HOST}:{port}" for port in ports]}])


def _base(server: str) -> str:
    """Return the section that a server stands in: `web-1` in `web`."""
    return server.rpartition("-")[0]


def _line(
    line: str, section: str, binds: Mapping[str, int], servers: Mapping[str, int]
) -> str | None:
    if found := _SERVER.match(line):
        name = found[1]
        return f"    server {name} {HOST}:{servers[name]}" if name in servers else None
    if found := _BIND.match(line):
        return f"{found[1]}{HOST}:{binds[section]}" if section in binds else None
    return line
