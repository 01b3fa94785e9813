"""Compressed time: every time shrinks alike, nothing else changes, floors keep it valid."""

import re
from urllib.parse import unquote

import pytest
import yaml

from alerts import build, tools
from alerts.clock import RETRIES_SECONDS, Clock, ScaleError
from alerts.durations import duration, seconds
from telemetry.retries import Retries

SCALES = (1, 2, 7, 60, 300)


@pytest.mark.parametrize(("text", "whole"), [("1h", 3600), ("3d", 259_200), ("1h30m", 5400)])
def test_durations_read_and_write(text: str, whole: int) -> None:
    assert seconds(text) == whole
    assert duration(whole) == text


@pytest.mark.parametrize("text", ["", "1", "h", "1w", "-1h", "5 m", "1m1h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        seconds(text)


def test_at_scale_60_an_hour_is_a_minute() -> None:
    clock = Clock(60)

    assert [clock.window(name) for name in ("5m", "30m", "1h", "1d", "30d")] == [
        "5s",
        "30s",
        "1m",
        "24m",
        "12h",
    ]
    assert clock.hold("2m") == "2s"
    assert clock.hold("2m", floor=10) == "10s"
    assert clock.window("5m", floor=20) == "20s"
    assert (clock.scrape_interval, clock.evaluation_interval) == ("1s", "1s")
    assert clock.resend_delay == "5s"


def test_the_floor_of_a_window_of_losses_is_longer_than_all_tries_at_a_batch() -> None:
    retries = Retries(random=lambda: 1.0)
    pauses = [retries.pause(failures) or 0.0 for failures in range(1, retries.most + 1)]

    assert retries.pause(retries.most + 1) is None
    assert sum(pauses) < RETRIES_SECONDS


@pytest.mark.parametrize("scale", [0, -1])
def test_a_scale_below_1_is_refused(scale: int) -> None:
    with pytest.raises(ScaleError, match="from 1 up"):
        Clock(scale)


def test_a_scale_that_makes_windows_equal_is_refused() -> None:
    with pytest.raises(ScaleError, match="1h window"):
        Clock(3600)


@pytest.mark.parametrize("scale", SCALES)
def test_what_is_generated_is_valid_at_every_scale(
    scale: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("scaled")
    options = build.Options(clock=Clock(scale))
    build.write({folder / name: text for name, text in build.generate(options).items()})

    rules = tools.run("promtool", "check", "rules", "--lint-fatal", folder / build.RULES)
    configuration = tools.run("amtool", "check-config", folder / build.ALERTMANAGER)

    assert rules.succeeded, rules.output
    assert configuration.succeeded, configuration.output


@pytest.mark.parametrize("scale", SCALES[1:])
def test_a_scale_changes_times_and_nothing_else(scale: int) -> None:
    shipped, scaled = (build.generate(build.Options(clock=Clock(each))) for each in (1, scale))

    assert _timeless(shipped[build.RULES]) == _timeless(scaled[build.RULES])
    assert _timeless(shipped[build.ALERTMANAGER]) == _timeless(scaled[build.ALERTMANAGER])
    assert shipped["mail.tmpl"] == scaled["mail.tmpl"]


def test_names_and_labels_do_not_depend_on_the_scale() -> None:
    def identities(scale: int) -> list[tuple[str, dict[str, str]]]:
        options = build.Options(clock=Clock(scale))
        document = yaml.safe_load(build.generate(options)[build.RULES])
        rules = [rule for group in document["groups"] for rule in group["rules"]]
        return [(rule.get("record") or rule["alert"], rule["labels"]) for rule in rules]

    assert identities(1) == identities(60)


def _timeless(text: str) -> str:
    """Blank what a scale may change: durations, whole seconds in arithmetic, and the note on it."""
    text = unquote(text)  # links carry queries
    text = re.sub(r"^ +note: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<=\* )\d+( / \d+)?|(?<=time\(\) - )\d+", "N", text)
    text = re.sub(r"(_seconds\{[^}]*\}\) > )\d+", r"\1N", text)  # an age and its limit
    text = re.sub(r"^ +\d+$", "N", text, flags=re.MULTILINE)  # the period, on a line of its own
    return re.sub(r"\b(\d+[dhms])+\b", "T", text)
