"""The SQL of what grants are inherited by: members of groups, parents of resources, and actions.

Like `grants`, it has no say in transactions, and each change moves the epoch in its own.
"""

from dataclasses import dataclass
from typing import Final

from app.database.grants import Changed, move_epoch
from app.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Relation:
    """A table of pairs: what inherits (`below`) and what from (`above`)."""

    table: str
    below: str
    above: str

    @property
    def insert(self) -> str:
        """The statement that records a pair; it returns nothing where the pair was there."""
        return (
            f"INSERT INTO {self.table} ({self.below}, {self.above}, added_by) VALUES ($1, $2, $3)"  # noqa: S608  # constants of this module
            " ON CONFLICT DO NOTHING RETURNING true"
        )

    @property
    def delete(self) -> str:
        """The statement that removes a pair; it returns nothing where there was none."""
        return (
            f"DELETE FROM {self.table} WHERE {self.below} = $1 AND {self.above} = $2"  # noqa: S608  # as above
            " RETURNING true"
        )


USER_IN_GROUP: Final = Relation("group_members", "user_id", "group_id")
GROUP_IN_GROUP: Final = Relation("group_members", "member_group_id", "group_id")
RESOURCE_UNDER: Final = Relation("resource_parents", "resource", "parent")
ACTION_IMPLIED: Final = Relation("action_implications", "action", "implied_by")


async def add(
    connection: Connection, relation: Relation, below: str, above: str, added_by: str
) -> Changed:
    """Record the pair; belongs in a transaction."""
    is_new = await connection.fetchval(relation.insert, below, above, added_by)
    return await move_epoch(connection, changed=is_new is True)


async def remove(connection: Connection, relation: Relation, below: str, above: str) -> Changed:
    """Remove the pair; belongs in a transaction."""
    was_there = await connection.fetchval(relation.delete, below, above)
    return await move_epoch(connection, changed=was_there is True)
