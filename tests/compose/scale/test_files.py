"""Each file of compose/scale is taken by the program that it is for."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
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
    """The tool's path. Who has none skips the test, but never where every tool must be there."""
    found = Tools().look(name)
    # Jaeger is built only where there is Go: the platform runs without it, too.
    if found is None and os.environ.get("CI") and name != "jaeger":
        pytest.fail(f"{name} is not on this machine, and CI checks with it")
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return str(found)


def run(
    *words: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own words
        words, check=False, capture_output=True, text=True, cwd=cwd, env=environment
    )


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


def with_rules_at(folder: Path, name: str) -> Path:
    """A copy of a Prometheus file that finds its rules and targets in the folder."""
    text = (rendering.FOLDER / name).read_text()
    for path, content in {
        "/etc/prometheus/rules.yaml": RULES,
        "/etc/prometheus/targets/web.json": (rendering.FOLDER / "targets" / "web.json").read_text(),
    }.items():
        own = folder / Path(path).name
        own.write_text(content)
        text = text.replace(path, str(own))
    (folder / name).write_text(text)
    return folder / name


def test_prometheus_takes_the_file_that_writes_to_a_store_for_months(tmp_path: Path) -> None:
    file = with_rules_at(tmp_path, "prometheus-remote-write.yml")
    checked = run(tool("promtool"), "check", "config", str(file))
    assert checked.returncode == 0, checked.stdout + checked.stderr

    file.write_text(file.read_text().replace("send_exemplars", "send_examples"))
    assert run(tool("promtool"), "check", "config", str(file)).returncode != 0


def test_but_for_the_store_it_is_the_replicas_file() -> None:
    plain = yaml.safe_load((rendering.FOLDER / "prometheus.yml").read_text())
    writing = yaml.safe_load((rendering.FOLDER / "prometheus-remote-write.yml").read_text())
    [store] = writing.pop("remote_write")
    assert store["url"].endswith("/api/v1/push")
    assert set(writing["global"].pop("external_labels")) == {"site", "__replica__"}
    assert writing == plain


def test_jaeger_takes_the_file_that_stores_in_clickhouse(tmp_path: Path) -> None:
    file = rendering.FOLDER / "jaeger-clickhouse.yaml"
    assert validated(file).returncode == 0, validated(file).stderr

    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(file.read_text().replace("create_schema", "make_schema"))
    assert "invalid keys: make_schema" in validated(wrong).stderr
    wrong.write_text(re.sub(r"\n +addresses: .*", "", file.read_text()))
    assert validated(wrong).returncode != 0


def test_but_for_the_store_it_is_the_shipped_jaeger() -> None:
    shipped = yaml.safe_load((ROOT / "compose" / "jaeger" / "config.yaml").read_text())
    stored = yaml.safe_load((rendering.FOLDER / "jaeger-clickhouse.yaml").read_text())
    backends = [
        config["extensions"]["jaeger_storage"].pop("backends") for config in (shipped, stored)
    ]
    assert [list(backend["traces"]) for backend in backends] == [["memory"], ["clickhouse"]]
    assert stored == shipped


def validated(file: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"JAEGER_CLICKHOUSE_PASSWORD": "secret"}
    return run(tool("jaeger"), "validate", "--config", str(file), environment=environment)


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
