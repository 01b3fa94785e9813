"""Has Prometheus itself parse every expression, through `promtool check rules`."""

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dashboards.lint.findings import panels

_VARIABLES = {"$__rate_interval": "5m", "$job": ".+", "$instance": ".+"}
_TIMEOUT_SECONDS = 60


def refused(promtool: Path, dashboards: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return one line for each query that Prometheus does not take: its place and why.

    Each query stands in a rules file as a recording rule whose name promtool repeats.
    """
    places: dict[str, str] = {}
    rules: list[dict[str, str]] = []
    for dashboard in dashboards:
        for annotation in dashboard["annotations"]["list"]:
            if "expr" in annotation:
                name = f"query:{len(rules)}"
                places[f'"{name}"'] = f"{dashboard['uid']}, annotation {annotation['name']!r}"
                rules.append({"record": name, "expr": _substituted(annotation["expr"])})
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                if "expr" not in target:
                    continue
                name = f"query:{len(rules)}"
                letter = target["refId"]
                places[f'"{name}"'] = (
                    f"{dashboard['uid']}, panel {panel['title']!r}, query {letter}"
                )
                rules.append({"record": name, "expr": _substituted(target["expr"])})
    code, output = _checked(promtool, rules)
    if code == 0:
        return ()
    complaints = (
        f"{place}: {line.split(quoted, 1)[1].lstrip(', :')}"
        for line in output.splitlines()
        for quoted, place in places.items()
        if quoted in line
    )
    return tuple(complaints) or (output.strip(),)


def _checked(promtool: Path, rules: list[dict[str, str]]) -> tuple[int, str]:
    # JSON is YAML, and needs no library to be written.
    text = json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}, indent=1)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "queries.yaml"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - the tool that the caller found, and our own file
            [str(promtool), "check", "rules", str(file)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr


def _substituted(expression: str) -> str:
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression
