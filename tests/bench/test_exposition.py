"""Both endpoints, scraped over HTTP."""

from contextlib import ExitStack

from bench import exposition


def test_both_endpoints_show_every_series() -> None:
    row = exposition._row("exposition.series5", 5, exposition._ours)
    assert row.problems == ()
    assert row.figures[0].name == "CPU a scrape, µs"


def test_a_series_that_is_missing_is_named() -> None:
    def too_few(series: int, stack: ExitStack) -> int:
        return exposition._ours(series - 1, stack)

    row = exposition._row("exposition.series5", 5, too_few)
    assert row.problems == ("exposition.series5: 4 series in place of 5",)
