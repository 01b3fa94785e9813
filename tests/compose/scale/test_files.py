"""Each file of compose/scale is taken by the program that it is for."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from bench.load import rig
from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.tools import Tools
from compose.scale import rendering
from compose.scale.global_rules import global_rules

ROOT = rendering.FOLDER.parents[1]
RULES = (ROOT / "alerts" / "generated" / "rules.yaml").read_text()
CASE = """
rule_files: [rules.yaml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      - series: instance:slo_events:increase1m{site="a", job="w", instance="1", slo="api-availability"}
        values: 300x240
      - series: instance:slo_bad_events:increase1m{site="a", job="w", instance="1", slo="api-availability"}
        values: 0x240
      - series: instance:slo_events:increase1m{site="b", job="w", instance="1", slo="api-availability"}
        values: 100x240
      - series: instance:slo_bad_events:increase1m{site="b", job="w", instance="1", slo="api-availability"}
        values: 40x240
    promql_expr_test:
      - expr: slo:errors:ratio{slo="api-availability", window="1h"}
        eval_time: 100m
        exp_samples:
          - labels: slo:errors:ratio{slo="api-availability", window="1h"}
            value: 0.1
"""  # noqa: E501  # series stand on one line


def tool(name: str) -> str:
    found = Tools().look(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return str(found)


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, capture_output=True, text=True, cwd=cwd)  # noqa: S603  # ours


def haproxy() -> Path:
    tools = Tools()
    try:
        with Guard() as guard:
            rig.obtain_haproxy(tools, guard)
    except MissingPartError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return tools.find("haproxy")


def test_haproxy_takes_its_file_as_it_ships_and_no_other() -> None:
    binary, file = haproxy(), rendering.FOLDER / "haproxy.cfg"
    checked = run(*rig.haproxy_command(binary, "-c", "-f", str(file)))
    assert checked.returncode == 0, checked.stderr


def test_haproxy_refuses_a_word_that_it_does_not_know(tmp_path: Path) -> None:
    source = (rendering.FOLDER / "haproxy.cfg").read_text()
    wrong = tmp_path / "haproxy.cfg"
    wrong.write_text(source.replace("balance leastconn", "balance fairly"))
    assert run(*rig.haproxy_command(haproxy(), "-c", "-f", str(wrong))).returncode != 0


def test_prometheus_takes_the_replicas_file_and_the_global_one(tmp_path: Path) -> None:
    shipped = {
        "/etc/prometheus/rules.yaml": RULES,
        "/etc/prometheus/global-rules.yaml": global_rules(RULES),
        "/etc/prometheus/targets/web.json": (rendering.FOLDER / "targets" / "web.json").read_text(),
    }
    for name in ("prometheus.yml", "prometheus-global.yml"):
        text = (rendering.FOLDER / name).read_text()
        for path, content in shipped.items():
            own = tmp_path / Path(path).name
            own.write_text(content)
            text = text.replace(path, str(own))
        assert "/etc/" not in text
        (tmp_path / name).write_text(text)
        checked = run(tool("promtool"), "check", "config", str(tmp_path / name))
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_but_for_how_the_replicas_are_found_the_file_is_the_shipped_one() -> None:
    one = yaml.safe_load((ROOT / "compose" / "prometheus" / "prometheus.yml").read_text())
    several = yaml.safe_load((rendering.FOLDER / "prometheus.yml").read_text())
    for config in (one, several):
        (web,) = (job for job in config["scrape_configs"] if job["job_name"] == "sightline-web")
        web.pop("static_configs", None)
        web.pop("file_sd_configs", None)
    assert one == several


def test_prometheus_scrapes_the_replicas_that_the_proxy_serves() -> None:
    source = (rendering.FOLDER / "haproxy.cfg").read_text()
    served = re.findall(r"^\s+server (web-\d+) \1:8000$", source, re.MULTILINE)
    (group,) = json.loads((rendering.FOLDER / "targets" / "web.json").read_text())
    assert group["targets"] == [f"{name}:9464" for name in served]
    assert len(served) > 1


def test_the_global_ratio_is_that_of_the_sums_of_all_sites(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(global_rules(RULES))
    (tmp_path / "case.yaml").write_text(CASE)
    checked = run(tool("promtool"), "test", "rules", "case.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_global_rules_read_no_raw_series_and_lose_no_objective() -> None:
    kept = yaml.safe_load(global_rules(RULES))["groups"]
    shipped = [
        group["name"]
        for group in yaml.safe_load(RULES)["groups"]
        if group["name"].startswith("slo-")
    ]
    assert [group["name"] for group in kept] == shipped != []
    names = re.compile(r"[a-z_]+(?::[a-z_0-9]+)+|_count|_bucket|_total")
    for group in kept:
        for rule in group["rules"]:
            found = names.findall(rule["expr"])
            assert found
            assert all(name.startswith(("instance:", "slo:")) for name in found), rule["expr"]
