"""Check that the service reads every variable that it is given, and accepts what it holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from opentelemetry.sdk import environment_variables

from app.settings import Settings
from compose.check.findings import Finding
from compose.check.interpolation import STAND_IN
from compose.check.project import Project
from compose.check.service import Service

_READ_SETTINGS: Final = """
import sys
from app.errors import SettingsError
from app.settings import read_settings
try:
    read_settings()
except SettingsError as error:
    sys.exit(str(error))
"""


def check_settings(project: Project) -> Iterator[Finding]:
    """Yield each variable that nothing reads, and each value that the service would refuse."""
    known = _known_variables()
    for service in project.services.values():
        if "app" not in service.command[:1]:
            continue
        for name in sorted(set(service.environment) - known):
            yield Finding(service.name, f"is given {name}, which app/settings.py does not read")
        if refused := _refused(service):
            yield Finding(service.name, f"would not start: {refused}")


def _known_variables() -> set[str]:
    telemetry = {name for name in dir(environment_variables) if name.startswith("OTEL_")}
    own = {
        str(field.validation_alias or f"SIGHTLINE_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    return telemetry | own


def _refused(service: Service) -> str:
    """Return what the service says of its environment, read as it reads it; "" for nothing."""
    given = {name: _plausible(name, value) for name, value in service.environment.items()}
    run = subprocess.run(  # noqa: S603  # the interpreter that runs this, on code written above
        [sys.executable, "-c", _READ_SETTINGS],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": os.pathsep.join(sys.path), **given},
    )
    return run.stderr.strip().rpartition("\n")[2] if run.returncode else ""


def _plausible(name: str, value: str) -> str:
    """Return the value, or for a required variable one of the kind that a person would give."""
    if name == "SIGHTLINE_API_KEYS" and value == STAND_IN:
        return '{"check": "%s"}' % ("0" * 64)
    if name == "SIGHTLINE_PSEUDONYM_KEY" and value == STAND_IN:
        return "0" * 48
    return value
