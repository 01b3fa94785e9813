"""Check compose.yaml by the Compose specification's own schema.

The schema comes with check-jsonschema, which carries it under test and follows its releases, so
no copy is kept here and nothing is fetched.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator

from compose.check.findings import Finding
from compose.check.project import COMPOSE_FILE, Project


def check_schema(project: Project) -> Iterator[Finding]:
    """Yield what the Compose specification's schema refuses."""
    if importlib.util.find_spec("check_jsonschema") is None:
        yield Finding(COMPOSE_FILE, "not checked: check-jsonschema is not installed")
        return
    command = [sys.executable, "-m", "check_jsonschema", "--output-format", "json"]
    schema = ["--builtin-schema", "vendor.compose-spec", str(project.root / COMPOSE_FILE)]
    run = subprocess.run(  # noqa: S603  # the interpreter that runs this, on a file of the repository
        [*command, *schema], capture_output=True, text=True, check=False
    )
    report = json.loads(run.stdout)
    for error in report.get("errors", []):
        place = error["path"].removeprefix("$.")
        yield Finding(COMPOSE_FILE, f"{place}: {error['message']}".replace("\n", " "))
    for error in report.get("parse_errors", []):
        yield Finding(COMPOSE_FILE, f"{error['message']}".replace("\n", " "))
