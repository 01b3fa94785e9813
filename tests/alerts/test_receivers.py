"""Who is told beside the mail: ready forms whose secrets are files, and the hours of rest."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts import build, tools
from alerts.__main__ import main
from alerts.receivers import QuietHours, Receivers
from compose.check.kubernetes.checking import problems

_ALL = (
    "--smarthost=smtp.example:587",
    "--smtp-user=alerts",
    "--smtp-password-file=/run/secrets/smtp",
    "--slack-url-file=/run/secrets/slack",
    "--slack-channel=#on-call",
    "--pagerduty-key-file=/run/secrets/pagerduty",
    "--dead-man=https://switch.example/ping",
    "--quiet-tickets=22:00-07:30@Europe/Berlin",
    "--quiet-weekends",
)


def _built(folder: Path, *options: str) -> dict[str, Any]:
    assert main(["build", f"--out={folder}", *options]) == 0
    outcome = tools.run("amtool", "check-config", folder / build.ALERTMANAGER)
    assert outcome.succeeded, outcome.output
    document: dict[str, Any] = yaml.safe_load((folder / build.ALERTMANAGER).read_text())
    return document


def _receivers(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in document["receivers"]}


def test_slack_and_pagerduty_are_ready_and_their_secrets_are_files(tmp_path: Path) -> None:
    by_name = _receivers(_built(tmp_path, *_ALL))

    (slack,) = by_name["page"]["slack_configs"]
    (pager,) = by_name["page"]["pagerduty_configs"]
    assert slack["api_url_file"] == "/run/secrets/slack"
    assert slack["channel"] == "#on-call"
    assert pager["routing_key_file"] == "/run/secrets/pagerduty"
    assert "slack_configs" in by_name["ticket"]
    assert "pagerduty_configs" not in by_name["ticket"]
    assert slack["send_resolved"] is pager["send_resolved"] is True


def test_they_are_off_until_their_file_is_named(tmp_path: Path) -> None:
    by_name = _receivers(_built(tmp_path))

    assert not [kind for one in by_name.values() for kind in one if kind.startswith(("sl", "pa"))]


def test_a_password_is_a_file_and_leaves_over_tls_only(tmp_path: Path) -> None:
    told = _built(tmp_path, *_ALL)["global"]

    assert told["smtp_require_tls"] is True
    assert told["smtp_auth_password_file"] == "/run/secrets/smtp"
    assert "smtp_auth_password" not in told
    with pytest.raises(ValueError, match="a user and a password file"):
        Receivers(smtp_user="alerts")


def test_the_dead_mans_switch_may_stand_elsewhere(tmp_path: Path) -> None:
    by_name = _receivers(_built(tmp_path, *_ALL))

    assert by_name["dead-man"]["webhook_configs"][0]["url"] == "https://switch.example/ping"
    assert by_name["page"]["webhook_configs"][0]["url"] == Receivers().webhook


def test_tickets_rest_over_midnight_and_nothing_else_does(tmp_path: Path) -> None:
    document = _built(tmp_path, *_ALL)

    muted = {
        route["receiver"]
        for route in document["route"]["routes"]
        if route.get("mute_time_intervals") == ["quiet-hours"]
    }
    (interval,) = document["time_intervals"]
    nights, weekends = interval["time_intervals"]
    assert muted == {"ticket"}
    assert [(one["start_time"], one["end_time"]) for one in nights["times"]] == [
        ("22:00", "24:00"),
        ("00:00", "07:30"),
    ]
    assert nights["location"] == weekends["location"] == "Europe/Berlin"
    assert weekends["weekdays"] == ["saturday", "sunday"]


def test_all_of_them_are_told_in_the_cluster_too(tmp_path: Path) -> None:
    in_utc = [one.replace("@Europe/Berlin", "") for one in _ALL]
    _built(tmp_path, *in_utc, "--kubernetes")
    files = sorted((tmp_path / "kubernetes").glob("*.yaml"))
    routes = yaml.safe_load((tmp_path / "kubernetes/sightline.alertmanagerconfig.yaml").read_text())

    assert {file.name: list(problems(yaml.safe_load(file.read_text()))) for file in files} == {
        file.name: [] for file in files
    }
    by_name = _receivers(routes["spec"])
    (pager,) = by_name["page"]["pagerdutyConfigs"]
    (slack,) = by_name["page"]["slackConfigs"]
    secret = {"name": "sightline-alertmanager"}
    assert pager["routingKey"] == secret | {"key": "pagerduty"}
    assert [link["alt"] for link in pager["pagerDutyLinkConfigs"]] == ["Runbook", "Graph"]
    assert all(link["href"] for link in pager["pagerDutyLinkConfigs"])
    assert slack["apiURL"] == secret | {"key": "slack"}
    assert by_name["page"]["emailConfigs"][0]["authPassword"] == secret | {"key": "smtp"}
    assert routes["spec"]["muteTimeIntervals"][0]["name"] == "quiet-hours"


def test_hours_within_a_day_and_until_midnight_are_one_range(tmp_path: Path) -> None:
    for hours, end in (("12:00-13:00", "13:00"), ("22:00-00:00", "24:00")):
        document = _built(tmp_path, f"--quiet-tickets={hours}")
        (times,) = document["time_intervals"][0]["time_intervals"][0]["times"]
        assert times["end_time"] == end
        assert "weekdays" not in str(document["time_intervals"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("22-07", "HH:MM-HH:MM"),
        ("22:00", "HH:MM-HH:MM"),
        ("25:00-07:00", "HH:MM-HH:MM"),
        ("07:00-07:00", "never end"),
        ("22:00-07:00@Nowhere/Town", "no time zone"),
    ],
)
def test_hours_that_are_none_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        QuietHours.parse(text)
