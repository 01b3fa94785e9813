"""Reads the selectors out of a PromQL expression, dashboard variables left in place.

Not a parser: whether an expression is valid, promtool says. This tells which series it asks, with
which conditions, over which window and inside which function, which is what the lint judges.
"""

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      |(?P<range>\[[^\]]*\])
      |(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
      |(?P<number>\d[\w.]*)
      |(?P<sign>=~|!~|!=|==|>=|<=|\S)""",
    re.VERBOSE,
)
_GROUPING: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector: the series, its conditions as (label, operator, value), its window.

    `window` is what stands in the brackets, None for an instant selector; `function` is the
    function whose argument it directly is, "" for none.
    """

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    window: str | None
    function: str


class _Reader:
    """Walks the tokens once."""

    def __init__(self, expression: str) -> None:
        self._tokens = [
            (str(match.lastgroup), match.group()) for match in _TOKEN.finditer(expression)
        ]
        self._at = 0
        self._open: list[str] = []
        self.found: list[Selector] = []

    def read(self) -> tuple[Selector, ...]:
        while self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            self._at += 1
            if kind == "name":
                self._name(text)
            elif text == "(":
                self._open.append("")
            elif text == ")" and self._open:
                self._open.pop()
        return tuple(self.found)

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _name(self, text: str) -> None:
        if text in _GROUPING and self._next() == "(":
            self._skip_past(")")
        elif text in _WORDS:
            return
        elif self._next() == "(":
            self._open.append(text)
            self._at += 1
        elif self._next() not in _GROUPING:
            # What stands before a grouping is an aggregation: `sum by (route) (…)`.
            self._selector(text)

    def _selector(self, metric: str) -> None:
        matchers: tuple[tuple[str, str, str], ...] = ()
        if self._next() == "{":
            start = self._at + 1
            self._skip_past("}")
            inner = [text for _, text in self._tokens[start : self._at - 1] if text != ","]
            matchers = tuple(
                (label, operator, value[1:-1])
                for label, operator, value in zip(inner[::3], inner[1::3], inner[2::3], strict=True)
            )
        window = None
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "range":
            window = self._next()[1:-1]
            self._at += 1
        function = self._open[-1] if self._open else ""
        self.found.append(Selector(metric, matchers, window, function))

    def _skip_past(self, closing: str) -> None:
        while self._next() not in {closing, ""}:
            self._at += 1
        self._at += 1


def selectors(expression: str) -> tuple[Selector, ...]:
    """Return the selectors of the expression, from left to right."""
    return _Reader(expression).read()
