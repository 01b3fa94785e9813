"""What telemetry may say of an SQL statement: its text without literals, and its summary.

`SELECT name FROM songs WHERE id = 7` is `SELECT name FROM songs WHERE id = ?`, and in short
`SELECT songs`: operations and the tables they touch, in the statement's order (semantic
conventions 1.44, "Sanitization of db.query.text" and "Generating a summary of the query text").
The conventions let literals stand in a statement that has parameters; here they go from every one.
Strings are read as under `standard_conforming_strings = on`, the default since PostgreSQL 9.1.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_SUMMARY: Final = 255
"""Characters of a summary."""
MAX_TEXT: Final = 4096
"""Characters of a statement that are looked at."""
_IDENTIFIER: Final = r'(?:[A-Za-z_][\w$]*|"[^"]+")(?:\.(?:[A-Za-z_][\w$]*|"[^"]+"))*'
_TABLE_NAME: Final = rf"(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?({_IDENTIFIER})"

# A literal that never ends reaches to the end of the text: what is cut off must not be shown.
_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\* )
    | (?P<quoted> " (?:[^"]|"")* (?:"|\Z) )
    | (?P<literal>
          e'  (?:[^'\\]|''|\\.)* (?:'|\Z)
        | (?:u&|[bxn])? ' (?:[^']|'')* (?:'|\Z)
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$ .*? (?:\$(?P=tag)\$|\Z)
        | (?:\d[\w.]*|\.\d\w*) (?: (?<=e) [+-] \d+ )?
      )
    | (?P<word> \$\d+ | [^\W\d][\w$]* )
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_SPACE = re.compile(r"\s+")
_NOISE = re.compile(
    r"""
      \b(?:extract|substring|trim|overlay)\s*\([^()]*\)   # their FROM names no table
    | \bfor\s+(?:no\s+key\s+)?update\b | \bdo\s+update\b  # a lock, a conflict's clause
    | \bdistinct\s+from\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PART = re.compile(
    rf"""
      \b(?P<operation>select|insert|update|delete|merge)\b
    | \binto\s+(?P<into>{_IDENTIFIER})
    | \b(?:from|join|using)\s+(?:(?:only|lateral)\s+)?
          (?!lateral\b)(?P<table>{_IDENTIFIER})(?![\w$".])(?!\s*\()
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LEADING = re.compile(
    rf"""
      \s*(?:
          (?P<alone>explain)\b
        | (?P<copy>copy)\b (?:\s+(?P<copied>{_IDENTIFIER}))? (?P<rest>.*)
        | (?P<verb>create|alter|drop) (?:\s+(?:temp|temporary|unlogged))? \s+table\s+{_TABLE_NAME}
        | (?P<truncate>truncate) (?:\s+table)? \s+{_TABLE_NAME}
      )
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_UPDATED = re.compile(rf"\s+(?:only\s+)?({_IDENTIFIER})", re.IGNORECASE)
_CTE = re.compile(
    rf"\b({_IDENTIFIER})\s*(?:\([^()]*\)\s*)?as\s+(?:not\s+)?(?:materialized\s*)?[(\s]+(?:select|insert|update|delete|values)\b",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as telemetry may show it; neither part holds a value.

    `text` has `?` for each literal, no comments, and at most 4,096 characters; `summary` is at most
    255 characters, and "" where there is not even a verb.
    """

    text: str
    summary: str

    @property
    def operation(self) -> str:
        """The first word of the summary, such as `SELECT`."""
        return self.summary.partition(" ")[0]


def describe(statement: str) -> Statement:
    """Return what may be said of a statement. Each distinct one is read once."""
    return _described(statement[:MAX_TEXT])


def summary_of(statement: str) -> str:
    """Return the statement's summary, at most 255 characters; "" where it has not even a verb."""
    return describe(statement).summary


@lru_cache(maxsize=1024)
def _described(statement: str) -> Statement:
    text = _without_literals(statement)
    return Statement(text, _summary(text))


def _without_literals(statement: str) -> str:
    kept: list[str] = []
    position = 0
    while token := _TOKEN.search(statement, position):
        kept.append(statement[position : token.start()])
        position = token.end()
        if token["comment"]:
            kept.append(" ")
            if token["comment"] == "/*":
                position = _end_of_comment(statement, position)
        elif token["literal"]:
            kept.append("?")
        else:
            kept.append(token[0])
    kept.append(statement[position:])
    return _SPACE.sub(" ", "".join(kept)).strip()


def _end_of_comment(statement: str, position: int) -> int:
    """Return where a comment ends that began before `position`; comments nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(statement, position):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(statement)


def _summary(text: str) -> str:
    bare = _NOISE.sub(" ", text)
    temporary = {match[1].lower() for match in _CTE.finditer(bare)}
    parts, bare = _leading_parts(bare)
    steps: list[list[str]] = []
    for match in _PART.finditer(bare):
        operation, target = match["operation"], match["into"] or match["table"]
        if operation:
            steps.append([operation.upper()])
            if operation.lower() == "update" and (table := _UPDATED.match(bare, match.end())):
                steps[-1].append(table[1])
        elif target.lower() not in temporary and steps and target != steps[-1][-1]:
            steps[-1].append(target)
    parts += _told_once(steps)
    if not parts:
        word = _FIRST_WORD.search(bare)
        parts = [word[0].upper()] if word else []
    while len(summary := " ".join(parts)) > MAX_SUMMARY:
        parts.pop()
    return summary


def _told_once(steps: list[list[str]]) -> list[str]:
    """Return the steps, each kind once; those that touch no table go where another does."""
    touching = [step for step in steps if len(step) > 1] or steps[:1]
    return [part for step in dict.fromkeys(map(tuple, touching)) for part in step]


def _leading_parts(bare: str) -> tuple[list[str], str]:
    """Return what the statement's first words say by themselves, and what is left to look at."""
    leading = _LEADING.match(bare)
    if leading is None:
        return [], bare
    if leading["alone"]:
        return ["EXPLAIN"], bare[leading.end() :]
    if leading["copy"]:
        copied = leading["copied"]
        return (["COPY", copied], "") if copied else (["COPY"], leading["rest"])
    verb = (leading["verb"] or leading["truncate"]).upper()
    table = leading[leading.lastindex or 0]
    return [verb, "TABLE", table] if leading["verb"] else [verb, table], bare[leading.end() :]
