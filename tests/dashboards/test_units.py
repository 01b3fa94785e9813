"""The units are Grafana's own, by the list of its SDK."""

from grafana_foundation_sdk.models import units as grafanas

from dashboards import units


def test_every_unit_is_one_of_grafanas() -> None:
    known = {value for value in vars(grafanas).values() if isinstance(value, str)}

    assert known >= units.KNOWN
