"""Every check there is, in the order in which it is worth reading."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from compose.check.agreement import check_agreement
from compose.check.findings import Check, Finding
from compose.check.grafana import check_grafana
from compose.check.hardening import check_hardening
from compose.check.image_build import check_commands, check_image_build
from compose.check.images import check_images
from compose.check.kubernetes.checking import check_kubernetes
from compose.check.listening import check_listening
from compose.check.mounts import check_mounts, check_paths
from compose.check.names import check_names
from compose.check.project import COMPOSE_FILE, load
from compose.check.publishing import check_publishing
from compose.check.schema import check_schema
from compose.check.secrets import check_script, check_secrets
from compose.check.settings import check_settings
from compose.check.tools import FindTool, check_with_tools
from compose.check.versions import check_versions


def checks_of_meaning(find: FindTool) -> tuple[Check, ...]:
    """Return the checks that may trust the file's form, with `find` to find promtool and amtool."""
    return (
        check_names,
        check_mounts,
        check_paths,
        check_listening,
        check_agreement,
        check_settings,
        check_grafana,
        check_kubernetes,
        check_with_tools(find),
        check_images,
        check_versions,
        check_publishing,
        check_hardening,
        check_secrets,
        check_script,
        check_image_build,
        check_commands,
    )


def findings(root: Path, find: FindTool) -> Iterator[Finding]:
    """Yield every fault in the containers' configuration of the repository at `root`.

    A file that is not valid by the schema is not looked at further: its meaning is anyone's guess.
    """
    try:
        project = load(root)
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        yield Finding(COMPOSE_FILE, f"cannot be read: {' '.join(str(error).split())}")
        return
    malformed = False
    for finding in check_schema(project):
        malformed = True
        yield finding
    if not malformed:
        for check in checks_of_meaning(find):
            yield from check(project)
