"""Rules made wrong on purpose, one change at a time, and what of the cases must then fail.

An alert is judged with its own rules and cases alone, an objective's with its recordings: the same
comparisons as in the committed file, without the time that all the other rules take.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from alerts import build, naming, tools
from alerts.burn_rate import budget
from alerts.cases import Case, Kind, all_cases
from alerts.naming import SEVERITY, WINDOW
from alerts.rules import AlertRule, Group
from alerts.yaml_file import render
from app.objectives import OBJECTIVES
from tests.alerts import history

OPTIONS: Final = build.Options()
GROUPS: Final = build.groups(OPTIONS)
CASES: Final = all_cases(OPTIONS.clock, OPTIONS.links)

_SELECTOR: Final = re.compile(r"(?<=\w)\{[^{}]*\}")
_MATCHER: Final = re.compile(r'(\w+)(?:=~|!~|!=|=)"(?:[^"\\]|\\.)*"')
_RANGE: Final = re.compile(r"\[(\d+)([smhd])(:\w+)?\]")
_NUMBER: Final = re.compile(r"(?<![\w.\[\"])\d+(?:\.\d+)?(?![\w.\"])")
_LABELS: Final = re.compile(r"\b((?:or |and )?on|by) \(([^)]+)\)")
_COMPARISON: Final = re.compile(r" (>=|<=|==|!=|>|<) |^(!=|<)$", re.MULTILINE)
_OPPOSITE: Final = {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
_WINDOW_MATCHER: Final = re.compile(rf'{WINDOW}="(\w+)"')


@dataclass(frozen=True, slots=True)
class Unit:
    """The groups that an alert's cases need, and the cases."""

    name: str
    groups: tuple[Group, ...]
    cases: tuple[Case, ...]
    month: tuple[Group, Case] | None = None
    """Of an objective: the sums over a month of hours, with the rules that they need."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one change: which rule, and what was done to it."""

    rule: str
    change: str
    groups: tuple[dict[str, Any], ...]
    window: str = ""
    """What the rule is for, of an objective: the cases of that window fail first."""
    position: int | None = None
    """Which recording of an objective it is; None for an alert."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.change}"


def units() -> tuple[Unit, ...]:
    """Return a unit for each objective, and for each alert on a cause."""
    found = []
    for position, group in enumerate(GROUPS):
        if group.name.endswith("-alerts"):
            name, recordings = _alerts(group)[0].name, GROUPS[position - 1]
            (objective,) = (one for one in OBJECTIVES if naming.burn_alert(one) == name)
            month = history.group(recordings), history.case(objective, float(budget(objective)))
            found.append(Unit(name, (recordings, group), _cases_of(name), month))
        elif not group.name.startswith("slo-"):
            for name in dict.fromkeys(rule.name for rule in _alerts(group)):
                rules = tuple(rule for rule in _alerts(group) if rule.name == name)
                found.append(Unit(name, (replace(group, rules=rules),), _cases_of(name)))
    return tuple(found)


def _alerts(group: Group) -> list[AlertRule]:
    return [rule for rule in group.rules if isinstance(rule, AlertRule)]


def _cases_of(name: str) -> tuple[Case, ...]:
    return tuple(case for case in CASES if case.subject.split()[0] == name)


def passes(groups: Iterable[dict[str, Any]], cases: Iterable[Case]) -> bool:
    """Tell whether promtool finds that the rules do all that the cases say."""
    interval = OPTIONS.clock.evaluation_interval
    return _passes(groups, [case.document(interval) for case in cases], interval)


def passes_the_month(groups: Iterable[dict[str, Any]], case: Case) -> bool:
    """Tell the same of the sums over a month of hours."""
    return _passes(groups, [case.document("1h")], history.EVALUATED)


def _passes(groups: Iterable[dict[str, Any]], tests: list[dict[str, Any]], every: str) -> bool:
    rules = {"groups": list(groups)}
    document = {
        "rule_files": [build.RULES],
        "evaluation_interval": every,
        "group_eval_order": [group["name"] for group in rules["groups"]],
        "tests": tests,
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, build.RULES).write_text(render(rules), encoding="utf-8")
        Path(folder, build.TESTS).write_text(render(document), encoding="utf-8")
        return tools.run("promtool", "test", "rules", Path(folder, build.TESTS)).succeeded


def mutants(unit: Unit) -> Iterator[Mutant]:
    """Yield every change of every rule."""
    documents = [group.document() for group in unit.groups]
    for at, group in enumerate(unit.groups):
        for position, rule in enumerate(group.rules):
            is_alert = isinstance(rule, AlertRule)
            window = rule.labels.get(WINDOW, "")
            if isinstance(rule, AlertRule):
                name = rule.subject
            else:
                name = f"{unit.name}: {rule.record} {window}".strip()
            for change, changed in _changes(rule.document()):
                rules = [one.document() for one in group.rules]
                rules[position] = changed
                groups = [*documents]
                groups[at] = {**documents[at], "rules": rules}
                yield Mutant(name, change, tuple(groups), window, None if is_alert else position)


def _changes(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for change, expression in _expressions(rule["expr"]):
        yield change, {**rule, "expr": expression}
    if "for" in rule:
        yield "no `for`", {key: value for key, value in rule.items() if key != "for"}
    if severity := rule["labels"].get(SEVERITY):
        other = "warning" if severity == "critical" else "critical"
        yield f"severity {other}", {**rule, "labels": {**rule["labels"], SEVERITY: other}}


def _expressions(text: str) -> Iterator[tuple[str, str]]:
    numbers = iter(range(1, 1_000))
    for selector in _SELECTOR.finditer(text):
        matchers = list(_MATCHER.finditer(selector[0]))
        for dropped in matchers:
            others = ", ".join(one[0] for one in matchers if one is not dropped)
            said = f"{next(numbers)}. without {dropped[0]}"
            yield said, _with(text, selector, f"{{{others}}}")
    for found in _RANGE.finditer(text):
        count, unit, step = int(found[1]), found[2], found[3] or ""
        longer = f"[{4 * count}{unit}{step}]"
        yield f"{next(numbers)}. {found[0]} longer", _with(text, found, longer)
        seconds = count * {"s": 1, "m": 60, "h": 3_600, "d": 86_400}[unit] // 4
        yield f"{next(numbers)}. {found[0]} shorter", _with(text, found, f"[{seconds}s{step}]")
    for found in _NUMBER.finditer(_masked(text)):
        if float(found[0]):
            for factor in (1.5, 0.5):
                changed = f"{float(found[0]) * factor:g}"
                yield f"{next(numbers)}. {found[0]} is {changed}", _with(text, found, changed)
    for found in _COMPARISON.finditer(text):
        operator = found[1] or found[2]
        opposite = found[0].replace(operator, _OPPOSITE[operator])
        yield f"{next(numbers)}. {operator} turned round", _with(text, found, opposite)
    yield from _rejoined(text, numbers)
    yield from _swapped_windows(text)


def _rejoined(text: str, numbers: Iterator[int]) -> Iterator[tuple[str, str]]:
    """Join the sides in another way, and group by fewer labels."""
    for found in re.finditer(r"\bor\b", _masked(text)):
        yield f"{next(numbers)}. or is and", _with(text, found, "and")
    for found in _LABELS.finditer(text):
        word, labels = found[1], found[2].split(", ")
        # The one label by which two sides are joined tells nothing apart where each is one series.
        for dropped in labels if word == "by" or len(labels) > 1 else []:
            others = ", ".join(one for one in labels if one != dropped)
            yield (
                f"{next(numbers)}. {found[0]} without {dropped}",
                _with(text, found, f"{word} ({others})"),
            )


def _swapped_windows(text: str) -> Iterator[tuple[str, str]]:
    """Ask for the short window where the long one is, and the other way round."""
    present = list(dict.fromkeys(_WINDOW_MATCHER.findall(text)))
    if len(present) > 1:
        first, second = present
        other = {first: second, second: first}
        yield (
            "windows swapped",
            _WINDOW_MATCHER.sub(lambda one: f'{WINDOW}="{other[one[1]]}"', text),
        )


def _masked(text: str) -> str:
    """Hide what stands in quotes or brackets: its numbers are no factors."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]', lambda one: "_" * len(one[0]), text)


def _with(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]


def survives(unit: Unit, mutant: Mutant) -> bool:
    """Tell whether no case notices the change; those that most likely do are asked first."""
    if unit.month is not None and mutant.position is not None:
        kept = [{**mutant.groups[0], "rules": mutant.groups[0]["rules"][history.FED_IN :]}]
        if mutant.position >= history.FED_IN and not passes_the_month(kept, unit.month[1]):
            return False
    likely = _likely(unit, mutant)
    if not passes(mutant.groups, likely):
        return False
    others = [case for case in unit.cases if case not in likely]
    # Of an objective, those that are for no window last minutes, the others hours.
    short = [case for case in others if case.subject == unit.name]
    long = [case for case in others if case.subject != unit.name]
    return all(not part or passes(mutant.groups, part) for part in (short, long))


def _likely(unit: Unit, mutant: Mutant) -> list[Case]:
    own = {mutant.rule, f"{unit.name} {mutant.window}".strip()}
    named = [case for case in unit.cases if case.subject in own]
    if unit.month is not None:
        fed = [case for case in named if case.title.startswith("each condition alone")]
        by_condition = mutant.position is None and mutant.change[0].isdigit()
        return fed if by_condition else (named or list(unit.cases[:1]))[:1]
    telling = {Kind.FIRES, Kind.JUST_BELOW}
    return [case for case in named if telling & set(case.kinds)][:2] or list(unit.cases[:1])
