"""What can be imported: for each kind the columns of its file and the table that they go to.

A `Layout` is a kind with the columns that one file has; it turns a record's fields into a row of
the table, or says which column is wrong and why. It never says what stood there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Row = tuple[str | None, ...]
"""The values of a file's columns, in the file's order."""

MAX_CHARACTERS: Final = 256
"""As in `app.http.bodies.Identifier`: what one request cannot name, a file cannot either."""

MAX_BYTES: Final = 768
"""What an index can hold of each of three names."""
SURELY_FIT: Final = MAX_BYTES // 4
"""So many characters are never more bytes than that."""
MAX_RECORD_BYTES: Final = 16_384
"""Of a line with all that it says; more than any good one takes."""

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Reason(StrEnum):
    """Why a record was rejected."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CONTROL_CHARACTERS = "control_characters"
    NOT_UTF8 = "not_utf8"
    COLUMN_COUNT = "column_count"
    QUOTING = "quoting"
    RECORD_TOO_LONG = "record_too_long"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NOT_A_STRING = "not_a_string"
    UNKNOWN_FIELD = "unknown_field"
    NOT_EXACTLY_ONE = "not_exactly_one"
    SAME = "same"
    REFUSED = "refused"
    """The database did not take the row: its values are too long together, for one."""


class WrongError(Exception):
    """A record that cannot be taken; `column` is None where it is about the whole record."""

    def __init__(self, reason: Reason, column: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.column = column


class HeaderError(Exception):
    """The first record is no header of this kind; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `columns` are the file's names, each with the table's."""

    name: str
    table: str
    columns: Mapping[str, str]
    origin: str
    """The table's column for who imported."""
    one_of: frozenset[str] = frozenset()
    """Columns of which a record has exactly one."""
    unequal: tuple[str, str] | None = None
    moves_epoch: bool = True

    @property
    def required(self) -> frozenset[str]:
        """The columns that every record has."""
        return frozenset(self.columns) - self.one_of


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("users", "directory_users", {"user": "user_id"}, "added_by", moves_epoch=False),
        Kind("groups", "directory_groups", {"group": "group_id"}, "added_by", moves_epoch=False),
        Kind(
            "memberships",
            "group_members",
            {"group": "group_id", "user": "user_id", "member_group": "member_group_id"},
            "added_by",
            one_of=frozenset(("user", "member_group")),
            unequal=("group", "member_group"),
        ),
        Kind(
            "parents",
            "resource_parents",
            {"resource": "resource", "parent": "parent"},
            "added_by",
            unequal=("resource", "parent"),
        ),
        Kind(
            "grants",
            "grants",
            {"user": "user_id", "group": "group_id", "resource": "resource", "action": "action"},
            "granted_by",
            one_of=frozenset(("user", "group")),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind, and the columns of one file in their order."""

    kind: Kind
    names: tuple[str, ...]

    @property
    def may_be_empty(self) -> bool:
        """Tell whether a good row may have an empty column."""
        return len(self.kind.one_of & set(self.names)) > 1

    @classmethod
    def whole(cls, kind: Kind) -> "Layout":
        """Return the layout that has every column, as objects with named fields do."""
        return cls(kind, tuple(kind.columns))

    @classmethod
    def of_header(cls, kind: Kind, names: Sequence[str]) -> "Layout":
        """Return the layout that a header names, or raise `HeaderError`."""
        given = tuple(name.strip() for name in names)
        takes = ", ".join(kind.columns)
        if unknown := len(set(given) - set(kind.columns)):
            message = f"The header has {unknown} unknown columns; {kind.name} take {takes}."
            raise HeaderError(message)
        if len(set(given)) != len(given):
            message = "The header names a column twice."
            raise HeaderError(message)
        if missing := kind.required - set(given):
            message = f"The header lacks {', '.join(sorted(missing))}."
            raise HeaderError(message)
        if kind.one_of and not kind.one_of & set(given):
            message = f"The header needs one of {', '.join(sorted(kind.one_of))}."
            raise HeaderError(message)
        return cls(kind, given)

    def row(self, values: Sequence[str | None]) -> Row:
        """Return the row of a record's values, None or empty where it has none; `WrongError`."""
        row = tuple(value or None for value in values)
        present = 0
        for name, value in zip(self.names, row, strict=True):
            if value is None:
                if name not in self.kind.one_of:
                    raise WrongError(Reason.EMPTY, name)
                continue
            if len(value) > MAX_CHARACTERS or (
                len(value) > SURELY_FIT and len(value.encode(errors="replace")) > MAX_BYTES
            ):
                raise WrongError(Reason.TOO_LONG, name)
            if _UNFIT.search(value):
                raise WrongError(Reason.CONTROL_CHARACTERS, name)
            present += name in self.kind.one_of
        if self.kind.one_of and present != 1:
            raise WrongError(Reason.NOT_EXACTLY_ONE, "/".join(sorted(self.kind.one_of)))
        self.compare(row)
        return row

    def compare(self, row: Row) -> None:
        """Raise `WrongError` where two columns that must differ are the same."""
        if self.kind.unequal is None:
            return
        one, other = self.kind.unequal
        if other not in self.names:
            return
        value = row[self.names.index(other)]
        if value is not None and value == row[self.names.index(one)]:
            raise WrongError(Reason.SAME, other)
