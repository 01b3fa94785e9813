"""A password in the file is found, and one that nothing writes."""

import pytest

from compose.check.secrets import SCRIPT, check_script, check_secrets
from tests.compose.check.repository import RepositoryCopy

HINT = "run compose/new-environment.sh"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            f'"${{SIGHTLINE_GRAFANA_PASSWORD:?{HINT}}}"',
            "admin",
            "grafana: GF_SECURITY_ADMIN_PASSWORD has a value or a default: require a variable",
        ),
        (
            f"SIGHTLINE_GRAFANA_PASSWORD:?{HINT}",
            "SIGHTLINE_GRAFANA_PASSWORD:-admin",
            "grafana: GF_SECURITY_ADMIN_PASSWORD has a value or a default: require a variable",
        ),
        (
            f"SIGHTLINE_API_KEYS:?{HINT}",
            "SIGHTLINE_API_KEYS",
            "web: SIGHTLINE_API_KEYS has a value or a default: require a variable",
        ),
        (
            f"SIGHTLINE_PSEUDONYM_KEY:?{HINT}",
            "SIGHTLINE_PSEUDONYM_KEY",
            "web: SIGHTLINE_PSEUDONYM_KEY has a value or a default: require a variable",
        ),
        (
            f"sightline_app:${{SIGHTLINE_DATABASE_PASSWORD:?{HINT}}}@",
            "sightline:sightline@",
            "web: SIGHTLINE_DATABASE_URL holds a password: require a variable",
        ),
        (
            f"sightline_app:${{SIGHTLINE_DATABASE_PASSWORD:?{HINT}}}@",
            "sightline_app:${SIGHTLINE_DATABASE_PASSWORD:-sightline}@",
            "web: SIGHTLINE_DATABASE_URL holds a password: require a variable",
        ),
    ],
)
def test_a_password_in_the_file_is_found(
    repository: RepositoryCopy, old: str, new: str, fault: str
) -> None:
    repository.change(old, new)
    assert fault in repository.says(check_secrets)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            SCRIPT,
            "SIGHTLINE_GRAFANA_PASSWORD=",
            "GRAFANA_PASSWORD=",
            f"{SCRIPT}: does not write SIGHTLINE_GRAFANA_PASSWORD, which compose.yaml requires",
        ),
        (
            SCRIPT,
            "SIGHTLINE_GRAFANA_PASSWORD=",
            "GRAFANA_PASSWORD=",
            f"{SCRIPT}: writes GRAFANA_PASSWORD, which compose.yaml does not require",
        ),
        (
            SCRIPT,
            "umask 077",
            "umask 022",
            f"{SCRIPT}: writes a file that others on the machine can read",
        ),
        (SCRIPT, "/dev/urandom", "/dev/no-such-device", f"{SCRIPT}: "),
    ],
)
def test_a_script_that_does_not_serve_is_found(
    repository: RepositoryCopy, file: str, old: str, new: str, fault: str
) -> None:
    repository.change(old, new, file)
    assert any(line.startswith(fault) for line in repository.says(check_script))
