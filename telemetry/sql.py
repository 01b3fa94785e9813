"""The summary of an SQL statement: what a span may be named, whatever values the statement holds.

`SELECT name FROM songs WHERE id = $1` is `SELECT songs`: operations and the tables they touch, in
the statement's order (semantic conventions 1.44, "Generating a summary of the query text").
"""

import re
from functools import lru_cache
from typing import Final

_MAX_SUMMARY: Final = 255
_IDENTIFIER: Final = r'(?:[A-Za-z_][\w$]*|"[^"]+")(?:\.(?:[A-Za-z_][\w$]*|"[^"]+"))*'

_NOISE = re.compile(
    r"""
      /\* .*? \*/ | --[^\n]*                              # comments
    | '(?:[^']|'')*'                                      # literals
    | \b(?:extract|substring|trim|overlay)\s*\([^()]*\)   # their FROM names no table
    | \bfor\s+(?:no\s+key\s+)?update\b | \bdo\s+update\b  # a lock, a conflict's clause
    | \bdistinct\s+from\b
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_PART = re.compile(
    rf"""
      \b(?P<operation>select|insert|update|delete|merge)\b
    | \binto\s+(?P<into>{_IDENTIFIER})
    | \b(?:from|join|using)\s+(?:only\s+)?(?P<table>{_IDENTIFIER})(?![\w$".])(?!\s*\()
    """,
    re.IGNORECASE | re.VERBOSE,
)
_UPDATED = re.compile(rf"\s+(?:only\s+)?({_IDENTIFIER})", re.IGNORECASE)
_CTE = re.compile(
    rf"\b({_IDENTIFIER})\s*(?:\([^()]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s*)?\(\s*(?:select|insert|update|delete|values)\b",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"[A-Za-z]+")


@lru_cache(maxsize=1024)
def summary_of(statement: str) -> str:
    """Return the statement's summary, at most 255 characters; "" where it has not even a verb."""
    bare = _NOISE.sub(" ", statement)
    temporary = {match[1].lower() for match in _CTE.finditer(bare)}
    parts: list[str] = []
    for match in _PART.finditer(bare):
        operation, target = match["operation"], match["into"] or match["table"]
        if operation:
            parts.append(operation.upper())
            if operation.lower() == "update" and (table := _UPDATED.match(bare, match.end())):
                parts.append(table[1])
        elif target.lower() not in temporary and parts and target != parts[-1]:
            parts.append(target)
    if not parts:
        word = _FIRST_WORD.search(bare)
        parts = [word[0].upper()] if word else []
    while len(summary := " ".join(parts)) > _MAX_SUMMARY:
        parts.pop()
    return summary
