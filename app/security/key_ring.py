"""The keys that are valid now, in memory: those of the settings, and those on record.

Between `app.http.authentication`, which asks it at each request, and `app.security.key_watcher`,
which brings it the keys on record. So a request never waits for a key, a wrong key costs the
database nothing, and a revoked one is refused within `TRUSTED_SECONDS`: by the next reading, or,
where there is none, because unconfirmed keys are not trusted.
"""

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.database.keys import StoredKey
from app.errors import Unavailable
from app.security.buckets import Bucket
from app.security.minting import LONGEST_KEY, PREFIX, digest_of
from app.security.roles import BootstrapKey, Principal, Role

TRUSTED_SECONDS: Final = 2.0
_SECONDS_OF_BURST: Final = 2
_ROLES: Final = {role.value: role for role in Role}


class Holder:
    """A valid key as a request meets it; `bucket` is None where it has no rate."""

    __slots__ = ("bucket", "digest", "expires", "policy", "principal")

    def __init__(
        self, principal: Principal, digest: bytes, bucket: Bucket | None, expires: float | None
    ) -> None:
        self.principal = principal
        self.digest = digest
        self.bucket = bucket
        self.expires = expires
        self.policy = b"" if bucket is None else _policy(bucket)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a key without a rate of its own may ask: a rate a second (0: no bound), and a burst."""

    per_second: int
    burst: int


class KeyRing:
    """Finds the holder of a key, or nobody."""

    def __init__(
        self,
        bootstrap: Mapping[str, BootstrapKey],
        rates: Rates,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._confirmed: float | None = None
        self._stored: dict[bytes, Holder] = {}
        self._bootstrap: dict[bytes, Holder] = {}
        for name, key in bootstrap.items():
            digest = bytes.fromhex(key.sha256.get_secret_value())
            principal = Principal(name, key.roles, f"settings:{name}")
            self._bootstrap[digest] = Holder(principal, digest, self._bucket(None), None)

    @property
    def is_empty(self) -> bool:
        """Whether nobody at all can call."""
        return not self._stored and not self._bootstrap

    @property
    def age(self) -> float:
        """Seconds since the keys on record were last confirmed; infinite before the first time."""
        confirmed = self._confirmed
        return float("inf") if confirmed is None else self._clock() - confirmed

    def holder_of(self, key: str) -> Holder | None:
        """Return the holder of a presented key, or None where it is not valid.

        Raises `Unavailable` for what may be a key on record while these are unconfirmed. What is
        compared are hashes of which a caller can choose no part, so that the time of a miss tells
        nothing of how close it was.
        """
        if len(key) > LONGEST_KEY:
            return None
        digest = digest_of(key)
        holder = self._bootstrap.get(digest)
        if holder is None and key.startswith(PREFIX):
            holder = self._stored_holder(digest)
        if holder is None or not hmac.compare_digest(holder.digest, digest):
            return None
        return holder

    def confirm(self, started: float) -> None:
        """Note that a reading that began at `started` found the keys as they are held."""
        self._confirmed = started

    def replace(self, keys: Sequence[StoredKey], started: float) -> None:
        """Hold these keys on record and no others; who was held keeps what is left of its rate."""
        before = {holder.principal.key_id: holder for holder in self._stored.values()}
        made = (self._stored_key(key, before.get(key.key_id), started) for key in keys)
        self._stored = {holder.digest: holder for holder in made}
        self._confirmed = started

    def now(self) -> float:
        """Return the time of the clock that readings and rates are measured by."""
        return self._clock()

    def _stored_holder(self, digest: bytes) -> Holder | None:
        if self.age > TRUSTED_SECONDS:
            message = "API keys cannot be confirmed now."
            raise Unavailable(message)
        holder = self._stored.get(digest)
        if holder is not None and holder.expires is not None and self._clock() >= holder.expires:
            return None
        return holder

    def _stored_key(self, key: StoredKey, before: Holder | None, started: float) -> Holder:
        # A newer build may know more roles: here nothing asks for those.
        roles = frozenset(_ROLES[role] for role in key.roles if role in _ROLES)
        principal = Principal(key.name, roles, key.key_id, key.requests_per_second)
        same_rate = before is not None and before.principal == principal
        bucket = before.bucket if same_rate and before else self._bucket(key.requests_per_second)
        expires = None if key.seconds_left is None else started + key.seconds_left
        return Holder(principal, key.digest, bucket, expires)

    def _bucket(self, per_second: int | None) -> Bucket | None:
        if per_second is not None:
            return Bucket(per_second, per_second * _SECONDS_OF_BURST, self._clock())
        if not self._rates.per_second:
            return None
        return Bucket(self._rates.per_second, self._rates.burst, self._clock())


def _policy(bucket: Bucket) -> bytes:
    window = max(1, round(bucket.burst / bucket.rate))
    return f'"key";q={bucket.burst};w={window}'.encode()
