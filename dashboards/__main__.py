"""`python -m dashboards build | check | prove | preview`: write, judge, prove, draw the boards.

`check` ends with 1 and a line for each fault: a file that is not what its board gives, a rule
broken, a field that Grafana does not know, a metric without a panel, a query that Prometheus
refuses. The last needs promtool, which is taken from where the native run has it; without it the
others still run, and it says so; in CI it is a fault.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final, cast

from compose.native.tools import TOOLS, Tools
from dashboards import (
    coverage,
    decoding,
    files,
    kubernetes,
    linter,
    matrix,
    promtool,
    readme,
    reference,
)
from dashboards.boards import BOARDS
from dashboards.lint import lint
from dashboards.metrics import METRICS, QUERIED
from dashboards.unplotted import UNPLOTTED

# What runs a platform or draws is imported when it is asked for: `check` needs neither.
_RUNS: Final = {"prove": "dashboards.proof.command", "preview": "dashboards.preview.command"}


_JUDGES: Final = ("promtool", "dashboard-linter")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description="The dashboards.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="write dashboards/generated")
    commands.add_parser("check", help="judge what is in dashboards/generated")
    commands.add_parser("prove", help="ask every panel of a running platform; build/proof.json")
    preview = commands.add_parser("preview", help="draw every board as `prove` saw it")
    preview.add_argument("--readme", action="store_true", help="and the pictures of the README")
    options = vars(parser.parse_args(arguments))
    command = options.pop("command")
    if command in _RUNS:
        return cast("Callable[..., int]", import_module(_RUNS[command]).run)(**options)
    dashboards = files.generated(BOARDS)
    if command == "build":
        files.write(dashboards)
        kubernetes.write(dashboards)
        readme.write(BOARDS)
        reference.write(BOARDS)
        _say(f"dashboards: {len(dashboards)} written to {files.FOLDER.name}/")
        return 0
    return _check(dashboards, Tools())


def _check(dashboards: dict[str, dict[str, Any]], tools: Tools) -> int:
    faults = list(_faults(dashboards, tools))
    for fault in faults:
        _say(f"dashboards: {fault}")
    for name in _JUDGES:
        if tools.look(name) is None:
            _say(f"dashboards: {name} has judged nothing: {TOOLS[name].install} obtains it")
    if faults:
        return 1
    _say("dashboards: what `make test` has to show of each board's panels")
    for line in matrix.text(matrix.matrix(BOARDS)):
        _say(f"dashboards: {line}")
    _say(
        f"dashboards: {len(dashboards)} boards, {len(METRICS)} metrics ({len(UNPLOTTED)} with a "
        "reason instead of a panel): in order"
    )
    return 0


def _faults(dashboards: dict[str, dict[str, Any]], tools: Tools) -> Iterator[str]:
    yield from files.stale(dashboards)
    yield from kubernetes.stale(dashboards)
    yield from readme.stale(BOARDS)
    yield from reference.stale(BOARDS)
    yield from coverage.gaps(BOARDS, QUERIED, UNPLOTTED)
    for name, dashboard in dashboards.items():
        yield from map(str, lint(dashboard, QUERIED))
        yield from (f"{name}: {place}" for place in decoding.lost(dashboard))
    if os.environ.get("CI"):
        # What nobody judged has not passed: by hand it is enough to say so.
        yield from (
            f"{name} is not on this machine: {TOOLS[name].install} obtains it"
            for name in _JUDGES
            if tools.look(name) is None
        )
    if parser := tools.look("promtool"):
        yield from promtool.refused(parser, list(dashboards.values()))
    if judge := tools.look("dashboard-linter"):
        yield from linter.refused(judge, (files.FOLDER / name for name in dashboards))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
