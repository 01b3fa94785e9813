import json
import re

from compose.faults.catalogue import FAULTS
from compose.incident.sample import SAMPLE, sampled, written
from tests.compose.incident.records import sample


def test_it_is_small_and_tells_nothing_of_the_machine_that_made_it() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert len(text) < 120_000
    assert not re.search(r"/(work|home|root|tmp|usr|Users)/|[\w.-]+@(?!sightline\.example)", text)


def test_it_is_an_incident_whose_chain_held() -> None:
    record = sample()
    assert record["verdict"]["broken"] == []
    assert record["fault"]["name"] in {fault.name for fault in FAULTS}
    assert any(panel["shows_the_fault"] for panel in record["panels"])
    assert any(trace["by_link"] for trace in record["traces"])


def test_what_is_written_is_the_record() -> None:
    record = sample()
    assert json.loads(written(record)) == record


def test_a_small_record_stays_as_it_is() -> None:
    again = sampled(sample())
    assert json.loads(written(again)) == sample()


def test_what_leads_nowhere_goes() -> None:
    record = sample()
    still = [[record["moments"]["injected"] + at, 1.0] for at in range(-10, 20)]
    boring = {"legend": "", "expression": "", "series": [{"labels": {}, "points": still}]}
    extra = record["panels"][0] | {"title": "Boring", "shows_the_fault": False, "exemplars": []}
    other = json.loads(json.dumps(record["notices"][0]))
    for said in other["said"]:
        said["name"] = "SomethingElse"
    record["panels"].append(extra | {"queries": [boring], "visual": "timeseries"})
    record["notices"].append(other)
    record["lines"] *= 3
    record["notices"][0]["content"]["headers"] = [["Message-Id", "<1@machine>"]]
    less = sampled(record)
    assert "Boring" not in [panel["title"] for panel in less["panels"]]
    assert other not in less["notices"]
    assert len(less["lines"]) == 16
    assert "@machine" not in json.dumps(less)
