"""A Dockerfile, read far enough to be checked: its instructions and the user it ends with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_CONTINUATION: Final = re.compile(r"\\\s*\n")
_COMMENT: Final = re.compile(r"^\s*#.*\n?", re.MULTILINE)


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word in capitals, its flags (`--from=build`) and the rest."""

    word: str
    flags: tuple[str, ...]
    arguments: tuple[str, ...]


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile."""
    for line in _CONTINUATION.sub(" ", _COMMENT.sub("", text)).splitlines():
        word, *rest = line.split() or [""]
        if word:
            flags = tuple(part for part in rest if part.startswith("--") and word != "RUN")
            yield Instruction(word.upper(), flags, tuple(rest[len(flags) :]))


def final_user(text: str) -> str | None:
    """Return the user that the last stage ends with; None when it never sets one."""
    user = None
    for instruction in instructions(text):
        if instruction.word == "FROM":
            user = None
        elif instruction.word == "USER":
            user = instruction.arguments[0]
    return user


def is_plain_user(user: str) -> bool:
    """Tell whether `uid` or `uid:gid` is a number, and not root's."""
    uid = user.partition(":")[0]
    return uid.isdecimal() and int(uid) != 0
