"""`python -m alerts build | check | test`: write the files, judge them, prove them."""

import argparse
import sys
from pathlib import Path

from alerts import build, check, tools
from alerts.cases import all_cases
from alerts.cases.matrix import DEMANDED, rows
from alerts.clock import Clock, ScaleError
from alerts.links import Links
from alerts.receivers import Receivers
from alerts.rules import alerts_of
from compose.native.errors import MissingPartError
from telemetry.catalog.declarations import DeclarationError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 well, 1 problems found, 2 wrongly asked."""
    asked = _parser().parse_args(arguments)
    commands = {"build": _build, "check": _check, "test": _test}
    try:
        return commands[asked.command](asked)
    except (ScaleError, DeclarationError, ValueError) as error:
        sys.stderr.write(f"alerts: {error}\n")
        return 2
    except MissingPartError as error:
        sys.stderr.write(f"alerts: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m alerts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    builds = commands.add_parser("build", help="write rules, Alertmanager's files and runbooks")
    builds.add_argument("--scale", type=int, default=1, help="compress time so many times")
    builds.add_argument(
        "--out", type=Path, help="write only what Prometheus and Alertmanager read, to this folder"
    )
    builds.add_argument(
        "--base-url",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="grafana, jaeger, prometheus or runbooks; an empty URL leaves the link out",
    )
    usual = Receivers()
    builds.add_argument("--smarthost", default=usual.smarthost, help="host:port of the mail")
    builds.add_argument("--webhook", default=usual.webhook, help="URL that takes the alerts")
    commands.add_parser("check", help="compare with what is committed, and judge it")
    commands.add_parser("test", help="run the rules' tests through promtool")
    return parser


def _build(asked: argparse.Namespace) -> int:
    bases = dict(_name_and_url(text) for text in asked.base_url)
    options = build.Options(
        clock=Clock(asked.scale),
        links=Links.with_bases(bases),
        receivers=Receivers(smarthost=asked.smarthost, webhook=asked.webhook),
    )
    if asked.out is None:
        if options != build.Options():
            message = "what is committed has the default scale and addresses: give --out"
            raise ValueError(message)
        build.write(build.committed())
    else:
        build.write({asked.out / name: text for name, text in build.generate(options).items()})
    return 0


def _name_and_url(text: str) -> tuple[str, str]:
    name, found, url = text.partition("=")
    if not found or (url and not url.startswith(("http://", "https://"))):
        message = f"--base-url takes NAME=URL, not {text!r}"
        raise ValueError(message)
    return name, url


def _check(asked: argparse.Namespace) -> int:
    del asked
    found = list(check.problems())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


def _test(asked: argparse.Namespace) -> int:
    del asked
    options = build.Options()
    outcome = tools.run("promtool", "test", "rules", build.GENERATED / build.TESTS)
    table = rows(alerts_of(build.groups(options)), all_cases(options.clock, options.links))
    for row in table:
        cells = ", ".join(f"{kind.value} {row.cases[kind] or '-'}" for kind in DEMANDED)
        sys.stdout.write(f"{row.rule.subject}: {cells}\n")
    sys.stdout.write(f"{outcome.output}\n")
    return 0 if outcome.succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
