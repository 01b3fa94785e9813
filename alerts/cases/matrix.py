"""Which alert is proven how: rules by promtool's cases and by what a live run shows."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from alerts import build, naming
from alerts.cases import all_cases
from alerts.cases.live import FAULTS, WAIVED_LIVE, Live, demanded_live
from alerts.cases.model import Case, Kind
from alerts.rules import AlertRule, alerts_of

Cells = set[tuple[str, Live]]
"""What was seen live: (rule's subject, column)."""

DEMANDED: Final = (
    Kind.FIRES,
    Kind.JUST_BELOW,
    Kind.RESOLVES,
    Kind.ABSENT,
    Kind.NO_TRAFFIC,
)

WAIVED: Final = {
    (naming.WATCHDOG, Kind.JUST_BELOW): "it is never silent while the chain works",
    (naming.WATCHDOG, Kind.RESOLVES): "the same",
    (naming.WATCHDOG, Kind.NO_TRAFFIC): "it looks at no traffic",
    (naming.TARGET_DOWN, Kind.NO_TRAFFIC): "it looks at no traffic",
}
"""By alert: why a kind of case cannot be."""

_PROVEN: Final = "yes"
_WAIVED: Final = "waived"
_MISSING: Final = "MISSING"
_NOT_ROUTED: Final = "-"
"""A way that is none of the rule's: tickets do not go to the webhook."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: how many cases of each kind it has."""

    rule: AlertRule
    cases: dict[Kind, int]
    titles: frozenset[str] = frozenset()

    @property
    def missing(self) -> tuple[Kind, ...]:
        """The kinds that are demanded, not waived, and not there."""
        return tuple(
            kind
            for kind in DEMANDED
            if not self.cases[kind] and (self.rule.name, kind) not in WAIVED
        )

    def live(self, proven: Collection[tuple[str, Live]]) -> dict[Live, str]:
        """Return each live column's cell: what it says in the table."""
        demanded = demanded_live(self.rule)
        return {column: self._cell(column, demanded, proven) for column in Live}

    def empty(self, proven: Collection[tuple[str, Live]]) -> tuple[str, ...]:
        """Return the columns, promtool's and live, that nothing proves and no reason waives."""
        live = (column for column, cell in self.live(proven).items() if cell == _MISSING)
        return (*(kind.value for kind in self.missing), *(column.value for column in live))

    def _cell(
        self, column: Live, demanded: tuple[Live, ...], proven: Collection[tuple[str, Live]]
    ) -> str:
        if column not in demanded:
            return _NOT_ROUTED
        if (self.rule.name, column) in WAIVED_LIVE:
            return _WAIVED
        return _PROVEN if (self.rule.subject, column) in proven else _MISSING


@dataclass(frozen=True, slots=True)
class Counts:
    """Cells of the whole table; those that a rule's route does not demand are none."""

    rules: int
    cases: int
    by_cases: int
    live: int
    waived: int
    missing: int

    @property
    def cells(self) -> int:
        """All that are demanded."""
        return self.by_cases + self.live + self.waived + self.missing


def rows_now() -> tuple[Row, ...]:
    """Return the table of the rules as they are."""
    options = build.Options()
    cases = all_cases(options.clock, options.links)
    return rows(alerts_of(build.groups(options)), cases)


def declared(table: Iterable[Row]) -> Cells:
    """Return the live cells that the suite undertakes to prove: it fails where it does not."""
    return {
        (row.rule.subject, column)
        for row in table
        for column in demanded_live(row.rule)
        if row.rule.name in FAULTS
    }


def counts(table: Collection[Row], proven: Collection[tuple[str, Live]]) -> Counts:
    """Return how much of the table is proven."""
    live = [cell for row in table for cell in row.live(proven).values()]
    by_cases = sum(bool(row.cases[kind]) for row in table for kind in DEMANDED)
    missing = sum(len(row.missing) for row in table)
    return Counts(
        rules=len(table),
        cases=len({case for row in table for case in row.titles}),
        by_cases=by_cases,
        live=live.count(_PROVEN),
        waived=len(table) * len(DEMANDED) - by_cases - missing + live.count(_WAIVED),
        missing=missing + live.count(_MISSING),
    )


def lines(table: Collection[Row], proven: Collection[tuple[str, Live]]) -> Iterator[str]:
    """Yield the table as text, its counts last."""
    width = max(len(row.rule.subject) for row in table)
    heads = [*(kind.value for kind in DEMANDED), *(column.value for column in Live)]
    yield " " * width + "  " + " | ".join(heads)
    for row in table:
        cells = [
            *(
                str(row.cases[kind] or (_WAIVED, _MISSING)[kind in row.missing])
                for kind in DEMANDED
            ),
            *row.live(proven).values(),
        ]
        padded = (cell.center(len(head)) for head, cell in zip(heads, cells, strict=True))
        yield f"{row.rule.subject:{width}}  {' | '.join(padded)}".rstrip()
    total = counts(table, proven)
    yield (
        f"{total.rules} rules, {total.cells} cells: {total.by_cases} by {total.cases} cases of"
        f" promtool, {total.live} live, {total.waived} waived, {total.missing} missing"
    )


def rows(rules: Iterable[AlertRule], cases: Iterable[Case]) -> tuple[Row, ...]:
    """Return the table; a case of an alert counts for all its windows, one of a window for it."""
    every = tuple(cases)
    return tuple(
        Row(
            rule,
            {
                kind: sum(
                    kind in case.kinds
                    for case in every
                    if case.subject in {rule.subject, rule.name}
                )
                for kind in Kind
            },
            frozenset(
                f"{case.subject}: {case.title}"
                for case in every
                if case.subject in {rule.subject, rule.name}
            ),
        )
        for rule in rules
    )
