"""Which alert is tested how: a table of rules and kinds of case, with a reason for each gap."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alerts import naming
from alerts.cases.model import Case, Kind
from alerts.rules import AlertRule

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


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: how many cases of each kind it has."""

    rule: AlertRule
    cases: dict[Kind, int]

    @property
    def missing(self) -> tuple[Kind, ...]:
        """The kinds that are demanded, not waived, and not there."""
        return tuple(
            kind
            for kind in DEMANDED
            if not self.cases[kind] and (self.rule.name, kind) not in WAIVED
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
        )
        for rule in rules
    )
