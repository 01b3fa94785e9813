"""The rules of a .dockerignore file: which of the repository's files a build may see."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"\*\*/?|\*|\?|[^*?]+")


@dataclass(frozen=True)
class IgnoreRules:
    """The patterns in order: the last one that matches a path or a folder above it decides."""

    rules: tuple[tuple[re.Pattern[str], bool], ...]

    @classmethod
    def of(cls, text: str) -> "IgnoreRules":
        """Read the file's text."""
        lines = (line.strip() for line in text.splitlines())
        patterns = [line for line in lines if line and not line.startswith("#")]
        return cls(tuple((_expression(p.removeprefix("!")), p.startswith("!")) for p in patterns))

    def sees(self, path: str) -> bool:
        """Tell whether the build sees the file at a path from the top."""
        visible = True
        for expression, includes in self.rules:
            if any(expression.fullmatch(part) for part in _with_parents(path)):
                visible = includes
        return visible


def _with_parents(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[: end + 1]) for end in range(len(parts)))


def _expression(pattern: str) -> re.Pattern[str]:
    translated = {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    tokens = _TOKEN.findall(pattern.strip("/"))
    return re.compile("".join(translated.get(token, re.escape(token)) for token in tokens))
