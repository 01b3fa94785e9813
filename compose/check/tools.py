"""Check Prometheus' and Alertmanager's configuration by their own checkers.

The files name paths inside a container; the checkers get a copy that names the repository's.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from compose.check.findings import Check, Finding
from compose.check.mounts import configured_paths
from compose.check.project import Project
from compose.check.service import Service

FindTool: TypeAlias = Callable[[str], Path | None]

_TOOLS: Final = {
    "prom/prometheus": ("promtool", ("check", "config"), "rule_files"),
    "prom/alertmanager": ("amtool", ("check-config",), "templates"),
}


def check_with_tools(find: FindTool) -> Check:
    """Return the check that runs promtool and amtool, found by `find`, on what is mounted."""

    def check(project: Project) -> Iterator[Finding]:
        for service in project.services.values():
            repository = service.repository
            if repository not in _TOOLS:
                continue
            name, arguments, section = _TOOLS[repository]
            tool = find(name)
            if tool is None:
                yield Finding(
                    service.name, f"not checked: there is no {name}: python -m compose provision"
                )
                continue
            for path in configured_paths(service.command):
                for file in project.files_behind(service, path):
                    content = _mapped(project, service, file, section)
                    for line in _refused([str(tool), *arguments], content):
                        yield Finding(project.relative(file), f"{name}: {line}")

    return check


def _mapped(project: Project, service: Service, file: Path, section: str) -> dict[str, Any]:
    """Return the configuration with the files of one section as the repository has them."""
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    inner = content.get(section) or []
    found = [behind for path in inner for behind in project.files_behind(service, path)]
    return {**content, section: list(map(str, found))}


def _refused(command: list[str], content: dict[str, Any]) -> Iterator[str]:
    """Yield what the tool has against the content, in one line; nothing when it accepts it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "configuration.yaml")
        copy.write_text(yaml.safe_dump(content), encoding="utf-8")
        run = subprocess.run(  # noqa: S603  # a checker of the system, on a file written here
            [*command, str(copy)], capture_output=True, text=True, check=False
        )
    if run.returncode:
        lines = [line.strip() for line in (run.stdout + run.stderr).splitlines()]
        faults = [line for line in lines if "FAILED" in line or "error" in line.lower()]
        yield "; ".join(faults or lines).replace(str(copy), "configuration")
