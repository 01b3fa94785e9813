"""`python -m alerts build | check | test`: write the files, judge them, prove them."""

import argparse
import sys
from pathlib import Path
from typing import Final

from alerts import build, check, readme, tools
from alerts.cases import matrix
from alerts.clock import Clock, ScaleError
from alerts.links import Links
from alerts.receivers import QuietHours, Receivers
from compose.native.errors import MissingPartError
from telemetry.catalog.declarations import DeclarationError

_RECEIVER_OPTIONS: Final = {
    "dead-man": "URL that takes the Watchdog, outside of what it watches; else the webhook",
    "smtp-user": "who logs in at the mail server, over TLS then",
    "smtp-password-file": "file with the mail server's password, as Alertmanager finds it",
    "slack-url-file": "file with Slack's webhook URL: pages and tickets go there too",
    "pagerduty-key-file": "file with PagerDuty's routing key: pages go there too",
    "quiet-tickets": "HH:MM-HH:MM[@ZONE] in which tickets wait; pages never do",
}


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
    for option, text in _RECEIVER_OPTIONS.items():
        builds.add_argument(f"--{option}", default="", help=text)
    builds.add_argument("--slack-channel", default=usual.slack_channel, help="where Slack says it")
    builds.add_argument("--quiet-weekends", action="store_true", help="and on Saturday and Sunday")
    builds.add_argument("--kubernetes", action="store_true", help="with --out: the objects too")
    commands.add_parser("check", help="compare with what is committed, and judge it")
    commands.add_parser("test", help="run the rules' tests through promtool; the matrix")
    return parser


def _build(asked: argparse.Namespace) -> int:
    bases = dict(_name_and_url(text) for text in asked.base_url)
    options = build.Options(
        clock=Clock(asked.scale),
        links=Links.with_bases(bases),
        receivers=_receivers(asked),
    )
    if asked.out is None:
        if options != build.Options():
            message = "what is committed has the default scale and addresses: give --out"
            raise ValueError(message)
        build.write({**build.committed(), **readme.page()})
    else:
        objects = build.objects(options) if asked.kubernetes else {}
        files = {**build.generate(options), **objects}
        build.write({asked.out / name: text for name, text in files.items()})
    return 0


def _receivers(asked: argparse.Namespace) -> Receivers:
    quiet = None
    if asked.quiet_tickets:
        quiet = QuietHours.parse(asked.quiet_tickets, weekends=asked.quiet_weekends)
    return Receivers(
        smarthost=asked.smarthost,
        webhook=asked.webhook,
        dead_man=asked.dead_man,
        smtp_user=asked.smtp_user,
        smtp_password_file=asked.smtp_password_file,
        slack_url_file=asked.slack_url_file,
        slack_channel=asked.slack_channel,
        pagerduty_key_file=asked.pagerduty_key_file,
        quiet=quiet,
    )


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
    if not tools.is_here("pint"):
        absent = "pint is not on this machine (python -m compose provision --linters)"
        sys.stdout.write(f"alerts: {absent}: it has not judged the rules\n")
    table = matrix.rows_now()
    sys.stdout.write("alerts: what `make test` has to show of each rule\n")
    sys.stdout.writelines(
        f"alerts: {line}\n" for line in matrix.lines(table, matrix.declared(table))
    )
    return 1 if found else 0


def _test(asked: argparse.Namespace) -> int:
    del asked
    outcome = tools.run("promtool", "test", "rules", build.GENERATED / build.TESTS)
    table = matrix.rows_now()
    for line in matrix.lines(table, matrix.declared(table)):
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{outcome.output}\n")
    return 0 if outcome.succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
