"""Panels about what watches the service: where alerts on the monitoring itself lead."""

from typing import Final

from dashboards.model import Colour, Quiet, Shown, Step
from dashboards.panels import bad_from, timeseries
from dashboards.queries import INSTANCE, JOB, above_zero, gauge, rate
from dashboards.watching import (
    ALERTMANAGER_RELOADED,
    CLUSTER_MEMBERS,
    INTEGRATION,
    NOTIFICATIONS,
    NOTIFICATIONS_FAILED,
    PROMETHEUS_RELOADED,
    RULE_FAILURES,
    UP,
)

_PROCESS: Final = (JOB, INSTANCE)
_YES: Final = (Step(None, Colour.BAD), Step(1, Colour.GOOD))
_ANY: Final = bad_from(0.001)

WATCHERS: Final = (
    timeseries(
        "Targets that answer a scrape",
        gauge(UP, "min", by=_PROCESS),
        answers="Which processes does Prometheus reach? 1 is reached, 0 is not.",
        if_wrong="Is the process up, is its metrics port open to Prometheus? What it shows is old.",
        steps=_YES,
        maximum=1,
    ),
    timeseries(
        "Evaluations of rules that fail",
        rate(RULE_FAILURES, by=(INSTANCE,)),
        answers="Can Prometheus evaluate its rules? An alert whose rule fails stays silent.",
        if_wrong="Prometheus' page Rules names the rule and the error; `promtool check rules` too.",
        steps=_ANY,
    ),
    timeseries(
        "Configuration taken",
        gauge(PROMETHEUS_RELOADED, "min", by=_PROCESS),
        gauge(ALERTMANAGER_RELOADED, "min", by=_PROCESS),
        answers="Did each take the configuration that it was last given? 0 runs on the one before.",
        if_wrong="Its log names the line; promtool and amtool judge a file before it is given.",
        steps=_YES,
        maximum=1,
    ),
    timeseries(
        "Notifications sent",
        above_zero(rate(NOTIFICATIONS, by=(INTEGRATION,))),
        answers="Does anybody get told, and by which way? The Watchdog alone keeps one at work.",
        if_wrong="Nothing at all: does Alertmanager answer, and does Prometheus know its address?",
        when_empty="No notification in this range",
    ),
    timeseries(
        "Notifications that failed",
        above_zero(rate(NOTIFICATIONS_FAILED, by=(INTEGRATION,))),
        answers="Which way to people is broken?",
        if_wrong="Alertmanager's log has the other side's answer: address, password, certificate.",
        steps=_ANY,
        when_empty="No notification failed in this range",
        quiet=Quiet("All arrive while the mail server and the webhook answer.", Shown.SAMPLES),
    ),
    timeseries(
        "Members of Alertmanager's cluster",
        gauge(CLUSTER_MEMBERS, "min", by=(INSTANCE,)),
        answers="How many replicas does each replica see, itself included?",
        if_wrong="Fewer than there are: the gossip port between them is closed; mails come twice.",
        when_empty="Alertmanager runs alone, without a cluster",
        quiet=Quiet("The native run has one Alertmanager, without a cluster.", Shown.SAMPLES),
    ),
)
