"""`python -m compose up | down | demo | drill | report | tour | ...`: which module answers.

A command's module is imported only when it is asked for: the container of `inbox` has neither the
generators nor the native run's packages.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, cast

_COMMANDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "up": ("compose.native.commands", "up", "start the whole platform here and stay until Ctrl-C"),
    "down": ("compose.native.commands", "down", "stop the platform that `up` runs elsewhere"),
    "provision": ("compose.native.commands", "obtain", "obtain what the native run needs"),
    "demo": ("compose.demo", "run", "from a request to a delivered alert, proven link by link"),
    "drill": ("compose.drill.command", "run", "break everything there is, and score who noticed"),
    "report": ("compose.incident.command", "run", "a page for each incident that a drill recorded"),
    "tour": ("compose.tour.command", "run", "walk through an incident, and find its cause"),
    "inbox": ("compose.inbox.webhooks", "main", "keep what Alertmanager posts, and show it"),
    "mail": ("compose.inbox.mail", "main", "take every mail, and show it"),
}


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` name; return the exit status."""
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(_usage())
        return 0
    if not arguments or arguments[0] not in _COMMANDS:
        sys.stderr.write(_usage())
        return 2
    module, function, _ = _COMMANDS[arguments[0]]
    command = cast("Callable[[list[str]], int]", getattr(import_module(module), function))
    return command(arguments[1:])


def _usage() -> str:
    lines = [f"  {name:<10} {purpose}" for name, (_, _, purpose) in _COMMANDS.items()]
    return "\n".join(["usage: python -m compose COMMAND [--help]", "", *lines, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
