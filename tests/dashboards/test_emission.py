"""Each way in which service and catalog can differ is named."""

import pytest

from dashboards.proof.emission import disagreements, emitted
from dashboards.proof.prometheus import About
from telemetry.catalog import Counter, Histogram, Label, Metric

_OUTCOME = Label("shop.outcome", ("paid", "lost"))
_ORDERS = Counter(name="shop.orders", unit="{order}", description="Orders.", labels=(_OUTCOME,))
_TIME = Histogram(name="shop.time", unit="s", description="Time.", buckets=(1, 2))
_METRICS = (_ORDERS, _TIME)

_TARGET = {"job": "shop", "instance": "a"}
_SERIES = (
    {"__name__": "shop_orders_total", "shop_outcome": "paid", **_TARGET},
    *(
        {"__name__": "shop_time_seconds_bucket", "le": le, **_TARGET}
        for le in ("1.0", "2.0", "+Inf")
    ),
    {"__name__": "shop_time_seconds_count", **_TARGET},
    {"__name__": "shop_time_seconds_sum", **_TARGET},
    {"__name__": "up", **_TARGET},
    {"__name__": "instance:shop:rate", "slo": "x", **_TARGET},
)
_ABOUT = {
    "shop_orders": About("counter", "Orders."),
    "shop_time_seconds": About("histogram", "Time."),
}


def _found(
    *series: dict[str, str],
    about: dict[str, About] = _ABOUT,
    unemitted: dict[Metric, str] | None = None,
    unseen: dict[tuple[Metric, Label], str] | None = None,
) -> list[str]:
    return list(disagreements(series, about, _METRICS, unemitted or {}, unseen or {}))


def test_what_agrees_is_left_alone() -> None:
    assert _found(*_SERIES) == []
    assert emitted(_SERIES, _METRICS) == set(_METRICS)


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"__name__": "shop_mood"}, "shop_mood is emitted, but is in no catalog"),
        (
            {"__name__": "shop_orders_total", "user": "ada"},
            "shop.orders is emitted with a label user, which it does not declare",
        ),
        (
            {"__name__": "shop_orders_total", "shop_outcome": "stolen"},
            "shop.orders: shop.outcome has undeclared values ['stolen']",
        ),
        (
            {"__name__": "shop_time_seconds_bucket", "le": "5"},
            "shop.time has other buckets than it declares",
        ),
    ],
)
def test_what_is_emitted_and_not_declared_is_named(more: dict[str, str], complaint: str) -> None:
    assert _found(*_SERIES, {**_TARGET, **more}) == [complaint]


def test_what_is_declared_and_not_emitted_needs_a_reason() -> None:
    assert _found(*_SERIES[1:]) == ["shop.orders is in the catalog, but nothing emits it"]
    assert _found(*_SERIES[1:], unemitted={_ORDERS: "Closed."}) == []
    assert _found(*_SERIES, unemitted={_ORDERS: "Closed."}) == [
        "shop.orders is emitted: take its reason out of dashboards/unemitted.py"
    ]


def test_a_label_that_never_shows_needs_a_reason() -> None:
    bare = ({"__name__": "shop_orders_total", **_TARGET}, *_SERIES[1:])

    assert _found(*bare) == ["shop.orders declares a label shop.outcome, which no series has"]
    assert _found(*bare, unseen={(_ORDERS, _OUTCOME): "Rare."}) == []


@pytest.mark.parametrize(
    ("about", "complaint"),
    [
        ({}, "shop.orders is scraped without its kind and description"),
        (
            {"shop_orders": About("gauge", "Orders.")},
            "shop.orders is declared a counter and scraped as a gauge",
        ),
        (
            {"shop_orders": About("counter", "Sales.")},
            "shop.orders is scraped with another description than it declares",
        ),
    ],
)
def test_what_a_scrape_tells_of_a_metric_is_compared(
    about: dict[str, About], complaint: str
) -> None:
    assert complaint in _found(*_SERIES, about=about)
