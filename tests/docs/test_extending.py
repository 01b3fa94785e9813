"""docs/extending.md is followed, step by step, in a copy of the tree: all that it says holds."""

import re
import sys
from pathlib import Path
from subprocess import run

import pytest
import yaml

from compose.native.tools import find
from tests.copies import TOP, Tree

PAGE = (TOP / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^```(?:diff (?P<file>\S+)|console)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
SAID = re.findall(
    r"`([^`\n]{40,})`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
)
"""What the page says that a command answers."""
RECORDED = """
from app import signals
from telemetry.testing import captured_telemetry

with captured_telemetry(service_name="copy", attributes=signals.ATTRIBUTES) as captured:
    captured.telemetry.meter.counter(signals.REPORT_ORDERS).add(1, "conflict")
"""


def section(title: str) -> list[tuple[str, str]]:
    """Return the blocks below a heading: the file of each, "" for a command."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return [(found["file"] or "", found["body"]) for found in BLOCK.finditer(text)]


def follow(tree: Tree, title: str, without: str = "") -> None:
    """Do what a section says, but for a file's blocks that hold some text."""
    for file, body in section(title):
        if without and without in {file, *re.findall(r"\w+", body)}:
            continue
        if file:
            change(tree, file, body.splitlines())
        else:
            for line in body.splitlines():
                run(line.removeprefix("$ ").split(), cwd=tree.root, check=True)  # noqa: S603  # the page's own


def change(tree: Tree, file: str, lines: list[str]) -> None:
    old, new = ("\n".join(line[1:] for line in lines if line[:1] != mark) for mark in "+-")
    if (tree.root / file).exists():
        tree.change(file, old, new)
    else:
        (tree.root / file).write_text(f"{new}\n", encoding="utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied_to(tmp_path)


def refused(tree: Tree, *words: str) -> None:
    """Expect the command to say one of what the page promises, word for word."""
    told = tree.stops(*words)
    assert any(said in told for said in SAID), told


def test_the_whole_walk_is_carried_through(tree: Tree) -> None:
    for title in ("A metric", "A panel", "An alert", "An objective"):
        follow(tree, title)
        if title != "A metric":
            tree.generates()

    for package in ("dashboards", "alerts"):
        succeeded, told = tree.run(package, "check")
        assert succeeded, told
    assert {path.partition("/")[2] for path in tree.generated_with("report_orders_total")} == {
        "generated/rules.yaml",
        "generated/kubernetes/sightline.prometheusrule.yaml",
        "generated/reports.json",
        "generated/kubernetes/sightline-reports.configmap.yaml",
    }
    assert "alerts/generated/rules.yaml" in tree.generated_with("grant-latency")
    assert "dashboards/generated/slos.json" in tree.generated_with("GrantLatency")
    done = run([sys.executable, "-c", RECORDED], cwd=tree.root, capture_output=True, check=False)  # noqa: S603  # ours
    assert done.returncode == 0, done.stderr.decode()
    proven_by_promtool(tree, "ReportOrdersConflict")


def proven_by_promtool(tree: Tree, alert: str) -> None:
    folder = tree.root / "alerts" / "generated"
    document = yaml.safe_load((folder / "tests.yaml").read_text(encoding="utf-8"))
    document["tests"] = [one for one in document["tests"] if one["name"].startswith(alert)]
    assert len(document["tests"]) == 4
    (folder / "few.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", "few.yaml"]
    done = run(command, cwd=folder, capture_output=True, check=False)  # noqa: S603  # the pinned tool
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_a_metric_without_a_panel_is_refused_as_the_page_says(tree: Tree) -> None:
    follow(tree, "A metric")

    refused(tree, "dashboards", "check")


@pytest.mark.parametrize("forgotten", ["_CONFLICT", "alerts/runbooks/ReportOrdersConflict.md"])
def test_an_alert_without_a_part_is_refused_as_the_page_says(tree: Tree, forgotten: str) -> None:
    follow(tree, "A metric")
    follow(tree, "A panel")
    follow(tree, "An alert", without=forgotten)
    tree.generates()

    refused(tree, "alerts", "check")


def test_an_objective_without_traffic_stops_the_build_as_the_page_says(tree: Tree) -> None:
    follow(tree, "An objective", without="alerts/cases/traffic.py")

    refused(tree, "alerts", "build")
