import json
from pathlib import Path

import pytest

from compose.incident.reading import incident, read
from compose.native.errors import RunError
from tests.compose.incident.records import sample


def test_times_are_seconds_since_the_fault() -> None:
    record = sample()
    seen = incident(record)
    moments = record["moments"]
    assert seen.moments.repaired == pytest.approx(moments["repaired"] - moments["injected"])
    assert seen.messages[0].at == pytest.approx(record["notices"][0]["at"] - moments["injected"])
    assert seen.moments.told is not None
    assert seen.page is not None
    assert seen.page.at == seen.moments.told


def test_an_alert_fires_when_prometheus_says_and_not_when_a_mail_does() -> None:
    record = sample()
    expected = [one for one in record["alerts"] if one["role"] == "expected"]
    first = min(one["fired_at"] for one in expected)
    seen = incident(record)
    fires = first - record["moments"]["injected"]
    assert seen.moments.fires == pytest.approx(fires)
    for one in expected:
        one["fired_at"] += 100.0
    assert incident(record).moments.fires == pytest.approx(fires + 100.0)
    assert incident(record).moments.told == seen.moments.told


def _fires(notice: dict[str, list[dict[str, str]]]) -> bool:
    return notice["said"][0]["status"] == "firing"


def test_what_never_happened_is_none() -> None:
    record = sample()
    record["moments"] |= {"repaired": None, "resolved": None, "detected": None}
    record["notices"], record["alerts"] = [], []
    seen = incident(record)
    assert (seen.moments.fires, seen.moments.told, seen.moments.repaired) == (None, None, None)
    assert seen.page is None


def test_the_page_is_the_first_mail_of_what_was_expected() -> None:
    record = sample()
    mails = [one for one in record["notices"] if _fires(one)]
    strange = json.loads(json.dumps(mails[0]))
    strange["said"][0]["name"] = "SomethingElse"
    strange["at"] = record["moments"]["injected"] + 0.1
    record["notices"].insert(0, strange)
    page = incident(record).page
    assert page is not None
    assert page.at == pytest.approx(mails[0]["at"] - record["moments"]["injected"])


def test_a_legend_is_filled_and_no_number_is_no_point() -> None:
    record = sample()
    panel = record["panels"][0] | {
        "visual": "timeseries",
        "queries": [
            {
                "legend": "{{a}} of {{b}}",
                "series": [{"labels": {"a": "x"}, "points": [[1.0, float("nan")], [2.0, 3.0]]}],
            }
        ],
    }
    [curve] = incident(record | {"panels": [panel]}).panels[0].curves
    assert curve.name == "x of"
    assert [value for _, value in curve.points] == [3.0]


def test_buckets_become_rows() -> None:
    record = sample()
    series = [
        {"labels": {"le": le}, "points": [[record["moments"]["injected"], value]]}
        for le, value in (("+Inf", 9.0), ("0.1", 2.0), ("1", 6.0))
    ]
    panel = record["panels"][0] | {
        "visual": "heatmap",
        "queries": [{"legend": "{{le}}", "series": series}],
    }
    heat = incident(record | {"panels": [panel]}).panels[0].heat
    assert heat is not None
    assert heat.bounds == (0.1, 1.0, float("inf"))
    assert [row[0.0] for row in heat.rows] == [2.0, 4.0, 3.0]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', "\xff"])
def test_what_is_no_record_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(RunError, match=r"x\.json"):
        read(file)
