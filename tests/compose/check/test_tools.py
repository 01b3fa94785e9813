"""promtool and amtool, the real ones, see what is mounted under the names of the repository."""

import pytest

from compose.check.tools import check_with_tools
from compose.native.tools import Tools
from tests.compose.check.repository import RepositoryCopy

PROMETHEUS = "compose/prometheus/prometheus.yml"
ALERTMANAGER = "alerts/generated/alertmanager.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (PROMETHEUS, "scrape_interval: 15s", "scrape_interval: often", f"{PROMETHEUS}: promtool: "),
        (PROMETHEUS, "scrape_timeout: 10s", "scrape_timeout: 20s", f"{PROMETHEUS}: promtool: "),
        (PROMETHEUS, "job_name: jaeger", "job_name: prometheus", f"{PROMETHEUS}: promtool: "),
        ("alerts/generated/rules.yaml", "expr: ", "expr: )", f"{PROMETHEUS}: promtool: "),
        (ALERTMANAGER, "receiver: ", "receiver: nobody-", f"{ALERTMANAGER}: amtool: "),
        (
            "alerts/generated/mail.tmpl",
            "{{",
            "{{ nothing-is-called-this }} {{",
            f"{ALERTMANAGER}: amtool: ",
        ),
    ],
)
def test_what_the_tools_refuse_is_found(
    repository: RepositoryCopy, file: str, old: str, new: str, fault: str
) -> None:
    repository.change(old, new, file)
    (found,) = repository.says(check_with_tools(Tools().look))
    assert found.startswith(fault)
    assert "\n" not in found


def test_a_tool_that_is_not_there_is_said(repository: RepositoryCopy) -> None:
    assert repository.says(check_with_tools(lambda _name: None)) == [
        "prometheus: not checked: there is no promtool: python -m compose provision",
        "alertmanager: not checked: there is no amtool: python -m compose provision",
    ]
