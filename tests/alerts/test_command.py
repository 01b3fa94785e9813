"""`python -m alerts`: current files, same bytes each time, mistakes told in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alerts import build, check
from alerts.__main__ import main
from alerts.links import Links
from alerts.rules import alerts_of


def test_what_is_committed_is_what_the_code_says() -> None:
    assert list(check.problems()) == []


def test_the_bytes_do_not_depend_on_the_order_of_hashes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "alerts", "build", f"--out={tmp_path / seed}"]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": seed, "PATH": ""})  # noqa: S603 - our own generator

    for name in (build.RULES, build.ALERTMANAGER, "mail.tmpl"):
        committed = (build.GENERATED / name).read_bytes()
        assert (tmp_path / "1" / name).read_bytes() == committed
        assert (tmp_path / "2" / name).read_bytes() == committed


def test_a_run_gives_its_own_addresses(tmp_path: Path) -> None:
    code = main(
        [
            *("build", "--scale", "60", "--out", str(tmp_path)),
            *("--base-url", "jaeger=http://127.0.0.1:1/", "--base-url=grafana="),
            *("--smarthost", "127.0.0.1:2", "--webhook", "http://127.0.0.1:3/alerts"),
        ]
    )

    assert code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        build.RULES,
        build.ALERTMANAGER,
        "mail.tmpl",
    }
    rules = (tmp_path / build.RULES).read_text()
    assert "http://127.0.0.1:1/search?service=sightline-web" in rules
    assert "dashboard_url" not in rules
    config = yaml.safe_load((tmp_path / build.ALERTMANAGER).read_text())
    assert config["global"]["smtp_smarthost"] == "127.0.0.1:2"
    assert config["receivers"][0]["webhook_configs"][0]["url"] == "http://127.0.0.1:3/alerts"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--scale", "0"], "from 1 up"),
        (["--scale", "9999", "--out", "unused"], "at scale 9999"),
        (["--scale", "60"], "give --out"),
        (["--base-url", "nonsense"], "NAME=URL"),
        (["--base-url", "jaeger=localhost"], "NAME=URL"),
        (["--base-url", "tempo=http://localhost"], "no base URL is called 'tempo'"),
        (["--base-url", "runbooks="], "may not be empty"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", *arguments]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line


def test_a_link_to_what_does_not_run_is_left_out() -> None:
    options = build.Options(links=Links.with_bases({"jaeger": "", "grafana": ""}))

    for rule in alerts_of(build.groups(options)):
        written = rule.document()["annotations"]
        assert "traces_url" not in written
        assert "dashboard_url" not in written
        assert "runbook_url" in written


def test_the_boards_that_are_linked_to_exist() -> None:
    boards = build.HERE.parent / "dashboards" / "generated"
    uids = {yaml.safe_load(path.read_text())["uid"] for path in boards.glob("*.json")}

    linked = {
        rule.annotations["dashboard_url"].partition("/d/")[2].partition("?")[0]
        for rule in alerts_of(build.groups(build.Options()))
    }

    assert linked <= uids
