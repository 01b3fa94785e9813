"""What a container mounts must be there in a fresh clone, and what it is told to read too."""

import shutil
import subprocess

import pytest

from compose.check.mounts import check_mounts, check_paths
from tests.compose.check.repository import RepositoryCopy

RULES = "../alerts/generated/rules.yaml"


def test_a_file_that_is_not_there_is_found(repository: RepositoryCopy) -> None:
    (repository.root / "alerts/generated/rules.yaml").unlink()
    assert repository.says(check_mounts) == [f"prometheus: mounts {RULES}, which does not exist"]


def test_a_folder_with_nothing_in_it_is_found(repository: RepositoryCopy) -> None:
    folder = repository.root / "dashboards/generated"
    shutil.rmtree(folder)
    folder.mkdir()
    empty = "grafana: mounts ../dashboards/generated, which is empty"
    assert repository.says(check_mounts) == [empty]


def test_a_file_that_git_ignores_is_found(repository: RepositoryCopy) -> None:
    git = ["git", "init", "--quiet", str(repository.root)]
    subprocess.run(git, check=True)  # noqa: S603  # git of PATH, in a folder of the test
    assert repository.says(check_mounts) == []
    (repository.root / ".gitignore").write_text("rules.yaml\n", encoding="utf-8")
    assert repository.says(check_mounts) == [f"prometheus: mounts {RULES}, which is not in git"]


def test_a_file_outside_of_the_repository_is_found(repository: RepositoryCopy) -> None:
    outside = repository.root.parent / "rules.yaml"
    outside.touch()
    repository.change(RULES, str(outside))
    assert repository.says(check_mounts) == [f"prometheus: mounts {outside}, which is not in git"]


def test_a_mount_that_can_be_written_to_is_found(repository: RepositoryCopy) -> None:
    repository.change("/etc/prometheus/rules.yaml:ro", "/etc/prometheus/rules.yaml")
    assert repository.says(check_mounts) == [f"prometheus: mounts {RULES} for writing: add :ro"]


def test_the_long_form_of_a_mount_is_read_too(repository: RepositoryCopy) -> None:
    long = f"{{type: bind, source: {RULES}, target: /etc/prometheus/rules.yaml}}"
    repository.change(f"{RULES}:/etc/prometheus/rules.yaml:ro", long)
    assert repository.says(check_paths) == []
    assert repository.says(check_mounts) == [f"prometheus: mounts {RULES} for writing: add :ro"]


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (
            "compose/compose.yaml",
            "--config.file=/etc/prometheus/prometheus.yml",
            "--config.file=/etc/prometheus/prometheus.yaml",
            "prometheus: is told to read /etc/prometheus/prometheus.yaml, which no mount provides",
        ),
        (
            "compose/compose.yaml",
            "[--config, /etc/jaeger/config.yaml]",
            "[--config, /etc/jaeger.yaml]",
            "jaeger: is told to read /etc/jaeger.yaml, which no mount provides",
        ),
        (
            "compose/prometheus/prometheus.yml",
            "- /etc/prometheus/rules.yaml",
            "- /etc/prometheus/rules/*.yaml",
            (
                "compose/prometheus/prometheus.yml: names /etc/prometheus/rules/*.yaml,"
                " which no mount of prometheus provides"
            ),
        ),
        (
            "compose/compose.yaml",
            ":/etc/alertmanager/mail.tmpl:ro",
            ":/etc/alertmanager/mails.html:ro",
            (
                "alertmanager.yaml: names /etc/alertmanager/mail.tmpl,"
                " which no mount of alertmanager provides"
            ),
        ),
    ],
)
def test_a_path_that_nothing_is_mounted_at_is_found(
    repository: RepositoryCopy, file: str, old: str, new: str, fault: str
) -> None:
    repository.change(old, new, file)
    (found,) = repository.says(check_paths)
    assert found.endswith(fault)
