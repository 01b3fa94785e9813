"""Alertmanager's configuration as an AlertmanagerConfig: the same routes, receivers, inhibitions.

Both forms say the same in other words: `group_by` is `groupBy`, a matcher is an object instead of a
text, what is `global` stands in each receiver, and a secret's file is a key of a Secret. What has
no other form there is an error that names it: nothing is left out in silence.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from alerts.kubernetes.objects import APPLICATION, described

SECRET: Final = f"{APPLICATION}-alertmanager"
"""The Secret that holds what the plain configuration reads from files; a file's name is its key."""

_KNOWN: Final = {"global", "templates", "route", "inhibit_rules", "receivers", "time_intervals"}
_ACRONYMS: Final = {"url": "URL", "tls": "TLS"}
_MATCHER: Final = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*')
_PAIRS: Final = {"headers", "details"}
_IN_A_FILE: Final = "_file"
_ONLY_ZONE: Final = "UTC"
_GLOBAL_MAIL: Final = "smtp_"
_GLOBAL_ELSEWHERE: Final = {"resolve_timeout"}
"""What the Alertmanager's own object says; see `delivery`."""


def alertmanager_config(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object; `ValueError` names what an AlertmanagerConfig cannot say."""
    _demand_known("the configuration", configuration, _KNOWN)
    mail = _mail_defaults(configuration["global"])
    specification = {
        "route": _route(configuration["route"]),
        "receivers": [_receiver(one, mail) for one in configuration["receivers"]],
        "inhibitRules": [_inhibition(rule) for rule in configuration.get("inhibit_rules", [])],
    }
    intervals = [_time_interval(one) for one in configuration.get("time_intervals", [])]
    if intervals:
        specification["muteTimeIntervals"] = intervals
    return described(
        "monitoring.coreos.com/v1alpha1",
        "AlertmanagerConfig",
        APPLICATION,
        {"spec": specification},
    )


def _demand_known(where: str, found: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        message = f"{where}: an AlertmanagerConfig has no word for {', '.join(unknown)}"
        raise ValueError(message)


def _mail_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the global mail settings as the receiver's own: there is no global part."""
    mail = {name: value for name, value in settings.items() if name.startswith(_GLOBAL_MAIL)}
    _demand_known("global", settings, {*mail, *_GLOBAL_ELSEWHERE})
    return {name.removeprefix(_GLOBAL_MAIL): value for name, value in mail.items()}


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    shapes: dict[str, Callable[[Any], Any]] = {"matchers": _matchers, "routes": _routes}
    return {
        _camel(name): shapes.get(name, lambda same: same)(value) for name, value in route.items()
    }


def _routes(routes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_route(route) for route in routes]


def _inhibition(rule: Mapping[str, Any]) -> dict[str, Any]:
    _demand_known("inhibit_rules", rule, {"source_matchers", "target_matchers", "equal"})
    return {
        "sourceMatch": _matchers(rule["source_matchers"]),
        "targetMatch": _matchers(rule["target_matchers"]),
        "equal": rule.get("equal", []),
    }


def _matchers(texts: Iterable[str]) -> list[dict[str, str]]:
    return [_matcher(text) for text in texts]


def _matcher(text: str) -> dict[str, str]:
    found = _MATCHER.fullmatch(text)
    if found is None:
        message = f"{text!r} is no matcher: label, operator, value in double quotes"
        raise ValueError(message)
    label, operator, value = found.groups()
    return {"name": label, "matchType": operator, "value": json.loads(value)}


def _receiver(receiver: Mapping[str, Any], mail: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"name": receiver["name"]}
    for kind, configs in receiver.items():
        if kind != "name":
            defaults = mail if kind == "email_configs" else {}
            result[_camel(kind)] = [_channel({**defaults, **one}) for one in configs]
    return result


def _channel(config: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_field(name, value) for name, value in config.items())


def _field(name: str, value: Any) -> tuple[str, Any]:  # noqa: ANN401 - YAML
    if name.endswith(_IN_A_FILE):
        secret = {"name": SECRET, "key": PurePosixPath(value).name}
        plain = _camel(name.removesuffix(_IN_A_FILE))
        # A webhook's address may also stand in the open, under the plain name.
        return ("urlSecret" if plain == "url" else plain), secret
    if name in _PAIRS:
        return name, [{"key": key, "value": text} for key, text in value.items()]
    if name == "links":
        links = [{"href": one["href"], "alt": one["text"]} for one in value]
        return "pagerDutyLinkConfigs", links
    return _camel(name), value


def _time_interval(interval: Mapping[str, Any]) -> dict[str, Any]:
    _demand_known("time_intervals", interval, {"name", "time_intervals"})
    return {
        "name": interval["name"],
        "timeIntervals": [_period(one) for one in interval["time_intervals"]],
    }


def _period(period: Mapping[str, Any]) -> dict[str, Any]:
    """Return one period; its times are in UTC, for there is no word for another zone."""
    as_they_are = {"weekdays", "months", "years"}
    _demand_known("time_intervals", period, {*as_they_are, "times", "days_of_month", "location"})
    if (zone := period.get("location", _ONLY_ZONE)) != _ONLY_ZONE:
        message = f"an AlertmanagerConfig knows no time zone but {_ONLY_ZONE}, not {zone}"
        raise ValueError(message)
    result: dict[str, Any] = {name: period[name] for name in period if name in as_they_are}
    if "times" in period:
        result["times"] = [
            {_camel(name): time for name, time in one.items()} for one in period["times"]
        ]
    if "days_of_month" in period:
        result["daysOfMonth"] = [_days(text) for text in period["days_of_month"]]
    return result


def _days(text: str) -> dict[str, int]:
    first, _, last = str(text).partition(":")
    return {"start": int(first), "end": int(last or first)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(_ACRONYMS.get(word, word.capitalize()) for word in others)
