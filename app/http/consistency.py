"""The consistency that a request demands, in its body or as a header, and a write's token."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from app.authorization.model import FULL, MINIMIZE_LATENCY, Consistency
from app.authorization.tokens import HEADER, TOKEN_PATTERN, epoch_of
from app.http.bodies import Body, Identifier

_FULL = "full"


class AtLeast(Body):
    """A state that holds the write which answered this token."""

    at_least: Annotated[Identifier, Field(json_schema_extra={"pattern": TOKEN_PATTERN})]


Demand = Literal["minimize_latency", "full"] | AtLeast
"""How new the answer must be; the first is the default."""


def consistency_of(demand: Demand) -> Consistency:
    """Return what is demanded; raises `InvalidToken`."""
    if isinstance(demand, AtLeast):
        return Consistency.at_least(epoch_of(demand.at_least))
    return FULL if demand == _FULL else MINIMIZE_LATENCY


def consistency_of_header(headers: Mapping[str, str]) -> Consistency:
    """Return what the `Consistency-Token` header demands: a token, or `full`.

    Raises `InvalidToken`.
    """
    sent = headers.get(HEADER)
    if sent is None:
        return MINIMIZE_LATENCY
    return FULL if sent == _FULL else Consistency.at_least(epoch_of(sent))
