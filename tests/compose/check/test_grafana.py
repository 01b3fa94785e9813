"""What Grafana is provisioned with holds together."""

import json

from compose.check.grafana import check_grafana
from tests.compose.check.repository import RepositoryCopy

SOURCES = "compose/grafana/provisioning/datasources/datasources.yaml"
PROVIDERS = "compose/grafana/provisioning/dashboards/dashboards.yaml"


def test_an_exemplar_that_leads_to_no_data_source_is_found(repository: RepositoryCopy) -> None:
    repository.change("datasourceUid: jaeger", "datasourceUid: tempo", SOURCES)
    unknown = f"{SOURCES}: names the data source tempo, which is not provisioned"
    assert repository.says(check_grafana) == [unknown]


def test_a_folder_that_holds_no_dashboard_is_found(repository: RepositoryCopy) -> None:
    repository.change("/var/lib/grafana/dashboards", "/var/lib/grafana/boards", PROVIDERS)
    nothing = f"{PROVIDERS}: /var/lib/grafana/boards provides no dashboard"
    assert repository.says(check_grafana) == [nothing]


def test_a_panel_of_an_unknown_data_source_is_found(repository: RepositoryCopy) -> None:
    panel = {"panels": [{"datasource": {"type": "loki", "uid": "loki"}}]}
    board = repository.root / "dashboards/generated/spoilt.json"
    board.write_text(json.dumps(panel), encoding="utf-8")
    unknown = (
        "dashboards/generated/spoilt.json: names the data source loki, which is not provisioned"
    )
    assert repository.says(check_grafana) == [unknown]


def test_a_data_source_that_is_a_variable_is_left_to_grafana(repository: RepositoryCopy) -> None:
    panel = {"panels": [{"datasource": {"type": "prometheus", "uid": "${datasource}"}}]}
    board = repository.root / "dashboards/generated/templated.json"
    board.write_text(json.dumps(panel), encoding="utf-8")
    assert repository.says(check_grafana) == []
