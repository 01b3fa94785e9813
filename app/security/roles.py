"""Who calls, and what that key may do: known to every handler as `principal_of(request)`."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr


class Role(StrEnum):
    """What a key is for; none includes another."""

    CHECK = "check"
    """Ask for decisions."""
    MANAGE = "manage"
    """Change grants, relations and reports, and read them."""
    AUDIT = "audit"
    """Read the audit trail."""


ALL_ROLES = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of an API key.

    `name` is the actor on record; several keys may share it, so that one can take over from
    another. `key_id` tells them apart and is no secret.
    """

    name: str
    roles: frozenset[Role]
    key_id: str
    requests_per_second: int | None = None
    """The key's own rate; None is SIGHTLINE_RATE_LIMIT_PER_SECOND, 0 is none."""


@dataclass(frozen=True, slots=True)
class BootstrapKey:
    """A key of SIGHTLINE_API_KEYS: valid as long as that names it, whatever the database says."""

    sha256: SecretStr
    roles: frozenset[Role]
