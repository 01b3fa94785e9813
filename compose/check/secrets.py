"""Check that compose.yaml holds no password, and that the script writes each one it asks for."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from compose.check.findings import Finding
from compose.check.interpolation import is_required_variable, required_variables
from compose.check.project import Project

SCRIPT: Final = "compose/new-environment.sh"

_SECRET_NAME: Final = re.compile(r"PASSWORD|SECRET|TOKEN|API_KEY|PSEUDONYM_KEY")
_ASSIGNMENT: Final = re.compile(r"^(\w+)=.+", re.MULTILINE)


def check_secrets(project: Project) -> Iterator[Finding]:
    """Yield each password that stands in compose.yaml, or has a default."""
    for name, service in yaml.safe_load(project.text)["services"].items():
        environment: dict[str, Any] = service.get("environment") or {}
        for variable, value in environment.items():
            if _SECRET_NAME.search(variable) and not is_required_variable(str(value)):
                yield Finding(name, f"{variable} has a value or a default: require a variable")
            elif "://" in str(value) and not _password_is_required(str(value)):
                yield Finding(name, f"{variable} holds a password: require a variable")


def check_script(project: Project) -> Iterator[Finding]:
    """Yield each required variable that the script, run here, does not write, and the reverse."""
    required = set(required_variables(project.text))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "environment")
        run = subprocess.run(  # noqa: S603  # a script of the repository
            ["sh", str(project.root / SCRIPT), str(target)],  # noqa: S607  # sh of PATH
            env={"PATH": os.environ.get("PATH", os.defpath)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            yield Finding(SCRIPT, f"fails: {run.stderr.strip()}")
            return
        written = set(_ASSIGNMENT.findall(target.read_text(encoding="utf-8")))
        if target.stat().st_mode & 0o077:
            yield Finding(SCRIPT, "writes a file that others on the machine can read")
    for name in sorted(required - written):
        yield Finding(SCRIPT, f"does not write {name}, which compose.yaml requires")
    for name in sorted(written - required):
        yield Finding(SCRIPT, f"writes {name}, which compose.yaml does not require")


def _password_is_required(url: str) -> bool:
    """Tell whether the URL has no password, or one that is a required variable."""
    shortened = re.sub(r"\$\{\w+:\?[^}]*\}", "REQUIRED", url)
    return urlsplit(shortened).password in {None, "REQUIRED"}
