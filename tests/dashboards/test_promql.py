"""The reader of selectors: which series, under which conditions, inside which function."""

import pytest

from dashboards.boards import BOARDS
from dashboards.lint.query_rules import series_of
from dashboards.promql import Selector, selectors

_TARGETS = (("job", "=~", "$job"),)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up", [Selector("up", (), None, "")]),
        ('up{job=~"$job"}', [Selector("up", _TARGETS, None, "")]),
        (
            'sum by (le, route) (rate(x_bucket{job=~"$job"}[$__rate_interval]))',
            [Selector("x_bucket", _TARGETS, "$__rate_interval", "rate")],
        ),
        ("sum(x) by (route) / on (a, b) group_left (c) y", ["x", "y"]),
        ("time() - max(started)", ["started"]),
        ('a{path="/x/{id}", q="a\\"b,c"}', ["a"]),
        ("(a or 0 * b) / (b > 0) and c unless d offset 5m", ["a", "b", "b", "c", "d"]),
        ('label_replace(a, "route", "none", "route", "")', ["a"]),
        ("1 + 2e3", []),
    ],
)
def test_selectors(expression: str, expected: list[Selector | str]) -> None:
    found = selectors(expression)

    assert [
        selector if isinstance(wanted, Selector) else selector.metric
        for selector, wanted in zip(found, expected, strict=True)
    ] == expected


def test_conditions_keep_what_is_quoted() -> None:
    (selector,) = selectors('a{path="/x/{id}", q!~"b, c"}')

    assert selector.matchers == (("path", "=", "/x/{id}"), ("q", "!~", "b, c"))


def test_every_selector_of_a_board_is_one_of_its_metrics() -> None:
    for board in BOARDS:
        names = series_of(tuple(board.metrics))
        for panel in board.panels:
            for query in panel.queries:
                found = selectors(query.expression)
                assert found
                for selector in found:
                    assert selector.metric in names
