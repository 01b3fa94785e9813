"""Panels that show traces: from a figure that looks wrong to requests that it was made of."""

from typing import Final

from app.objectives import CHECK_LATENCY
from app.signals import EVALUATE, PROCESS_MAIL, PROCESS_REPORT
from dashboards.model import Panel
from dashboards.panels import traces
from dashboards.traces import WEB, WORKER, Search
from telemetry.catalog import Latency
from telemetry.catalog.http import STATUS_CODE

_UNAVAILABLE: Final = "503"
_SLOW_DECISION: Final = 0.01
_WHERE: Final = "Is Jaeger up, and are spans exported? The board Telemetry health has both."


def _promised() -> float:
    indicator = CHECK_LATENCY.indicator
    if not isinstance(indicator, Latency):
        message = f"{CHECK_LATENCY.slug} promises no duration"
        raise TypeError(message)
    return indicator.threshold


REQUESTS: Final[tuple[Panel, ...]] = (
    traces(
        "Latest requests answered by 503",
        Search(service=WEB, where=((STATUS_CODE, _UNAVAILABLE),)),
        answers="Which requests failed for want of a dependency?",
        if_wrong=f"The span that failed names what was away. None although errors show: {_WHERE}",
        when_empty="No request was answered by 503 in this range",
    ),
    traces(
        "Latest slow requests",
        Search(service=WEB, slower_than=_promised()),
        answers="Which requests took longer than a check may?",
        if_wrong=f"The longest span is what took the time. None although it is slow: {_WHERE}",
        when_empty="No request was slow in this range",
    ),
)

DECISIONS: Final[tuple[Panel, ...]] = (
    traces(
        "Latest decisions from the database",
        Search(service=WEB, operation=EVALUATE),
        answers="Which checks did no cache answer, and why?",
        if_wrong="The spans of the layers before it say whether they missed, were stale or failed.",
        when_empty="No check went to the database in this range",
    ),
    traces(
        "Latest slow decisions from the database",
        Search(service=WEB, operation=EVALUATE, slower_than=_SLOW_DECISION),
        answers="Which decisions of the database took over 10 ms?",
        if_wrong="Compare the wait for a connection with the query's own time, a span each.",
        when_empty="No decision was slow in this range",
    ),
)

JOBS: Final[tuple[Panel, ...]] = (
    traces(
        "Latest reports",
        Search(service=WORKER, operation=PROCESS_REPORT),
        answers="What did the workers do for each report?",
        if_wrong="A failed span names the error; its link leads to the request that asked for it.",
        when_empty="No worker took a report in this range",
    ),
    traces(
        "Latest mails",
        Search(service=WORKER, operation=PROCESS_MAIL),
        answers="How did the handing over of each mail go?",
        if_wrong="The span smtp.send has the mail server's reply; retries are traces of their own.",
        when_empty="No mail was tried in this range",
    ),
)
