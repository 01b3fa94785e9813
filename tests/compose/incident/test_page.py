import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from compose.incident.index import index
from compose.incident.page import SECTIONS, page
from compose.incident.reading import incident
from tests.compose.incident.records import hostile, sample

_ELEMENTS = """
html head meta title style body a header p span h1 h2 h3 h4 dl dt dd div nav ul ol li main section
footer code b i small details summary table thead tbody tr th td figure figcaption pre iframe svg
g path rect circle text title desc
"""
_ATTRIBUTES = """
lang charset name content http-equiv class id href role aria-label aria-labelledby aria-hidden
tabindex scope style sandbox srcdoc title viewbox x y width height rx d cx cy r text-anchor opacity
"""


class _Read(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=["sample", "hostile"])
def read(request: pytest.FixtureRequest) -> _Read:
    record = sample() if request.param == "sample" else hostile()
    text = page(incident(record))
    text.encode()
    return _Read(text)


def test_nothing_is_on_the_page_but_what_we_put_there(read: _Read) -> None:
    assert {tag for tag, _ in read.elements} <= set(_ELEMENTS.split())
    assert {name for _, found in read.elements for name in found} <= set(_ATTRIBUTES.split())
    assert all(found["href"].startswith("#") for found in read.of("a"))
    assert all(found["sandbox"] == "" for found in read.of("iframe"))
    [policy] = [found["content"] for found in read.of("meta") if "http-equiv" in found]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    for _, found in read.elements:
        assert not re.search(r"url\(|expression|@import|//", found.get("style", ""))


def test_a_hostile_record_is_shown_as_it_is() -> None:
    words = "".join(_Read(page(incident(hostile()))).words)
    assert "<script>document.title='owned'</script>" in words
    assert "\\u202egnp.exe" in words


def test_it_can_be_read_by_ear(read: _Read) -> None:
    ids = Counter(found["id"] for _, found in read.elements if "id" in found)
    assert max(ids.values()) == 1
    named = [found for tag, found in read.elements if tag in {"svg", "section", "iframe"}]
    assert len(named) > len(SECTIONS)
    for found in named:
        assert found.get("aria-label") or found.get("aria-labelledby") or found.get("title")
        assert set(found.get("aria-labelledby", "").split()) <= set(ids)
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(found["role"] == "img" for found in read.of("svg"))
    assert all(found.get("tabindex") == "0" for found in read.of("div") if "wide" in _class(found))


def _class(found: dict[str, str]) -> str:
    return found.get("class", "")


def test_every_section_has_something_to_show() -> None:
    read = _Read(page(incident(sample())))
    ids = [found.get("id") for found in read.of("section")]
    assert [one for one in ids if one] == [at for at, _, _ in SECTIONS]
    words = "".join(read.words)
    for part in ("pool.acquire", "api-availability", "request.finished", "somebody is told"):
        assert part in words
    assert len(read.of("svg")) >= 4
    assert sum("waterfall" in _class(found) for found in read.of("ol")) == 2
    assert "ApiAvailabilityBudgetBurn" in read.of("iframe")[0]["srcdoc"]


def test_a_record_with_next_to_nothing_is_a_page_too() -> None:
    record = sample()
    for name in ("alerts", "notices", "links", "traces", "lines", "panels", "budgets"):
        record[name] = []
    record["moments"] |= {"repaired": None, "resolved": None, "detected": None}
    record["verdict"] = {"broken": ["Alpha was not told"], "theory_s": None}
    words = "".join(_Read(page(incident(record))).words)
    for part in ("Nobody was told", "1 link of the chain did not hold", "Alpha was not told"):
        assert part in words
    assert "Every link of the chain held" not in words


def test_the_list_leads_to_each_page() -> None:
    broken = sample()
    broken["verdict"]["broken"] = ["one thing"]
    read = _Read(index({"pool-exhausted": incident(sample()), "a b": incident(broken)}))
    assert [found["href"] for found in read.of("a")] == ["pool-exhausted.html", "a%20b.html"]
    words = "".join(read.words)
    assert "In 1 of 2 incidents every link of the chain held." in words
    assert "✗ 1 broken" in words


def _words(record: dict[str, object]) -> str:
    return " ".join(" ".join(_Read(page(incident(record))).words).split())


def test_a_page_says_who_broke_it_and_when_its_links_were_opened() -> None:
    drilled, shown = _words(sample()), _words(sample() | {"run": "demo"})

    assert "a drill broke something on purpose" in drilled
    assert "opened while the fault lasted" in drilled
    assert "python -m compose report pool-exhausted" in drilled
    assert "the demo broke something on purpose" in shown
    assert "opened after the repair" in shown
    assert "python -m compose demo from what the demo recorded" in shown
    assert "a drill" not in shown.replace("In a drill", "")
    assert "compose report" not in shown


def test_that_its_window_is_over_is_no_all_clear() -> None:
    record = sample()
    moments = record["moments"]
    moments |= {"repaired": moments["injected"] + 10.0, "resolved": moments["injected"] + 22.0}

    later = _words(record | {"moments": moments | {"clear": None}})
    assert "its window over after 12.0 s" in later
    assert "all clear after later" in later
    assert "Slower windows look back for longer" in later
    assert "all clear not within the record" in later

    clear = _words(record | {"moments": moments | {"clear": moments["injected"] + 41.5}})
    assert "all clear after 31.5 s" in clear
    assert "nothing of it fired any more 31.5 s after the repair" in clear


def test_the_mails_budget_and_the_pages_are_told_apart() -> None:
    words = _words(sample())
    assert "of the hardest hit, of its whole period" in words
    assert "A mail may say that all of it is spent" in words
