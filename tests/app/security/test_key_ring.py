"""The keys in memory: who is found, and when nobody is trusted any more."""

import pytest
from pydantic import SecretStr

from app.database.keys import StoredKey
from app.errors import Unavailable
from app.security.key_ring import TRUSTED_SECONDS, KeyRing, Rates
from app.security.minting import MintedKey, digest_of, mint
from app.security.roles import BootstrapKey, Role

BOOTSTRAP = "a key of the settings"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def stored(
    key: MintedKey, *, roles: tuple[str, ...] = ("check",), left: float | None = None
) -> StoredKey:
    return StoredKey(key.key_id, "ops", key.digest, roles, None, left)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(clock: Clock) -> KeyRing:
    settings = {"boot": BootstrapKey(SecretStr(digest_of(BOOTSTRAP).hex()), frozenset(Role))}
    return KeyRing(settings, Rates(per_second=10, burst=20), clock)


def test_keys_are_long_and_never_alike() -> None:
    keys = {mint().text for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) > 60
    assert mint().text not in repr(mint())


def test_a_key_on_record_is_found_as_long_as_it_is_there(ring: KeyRing, clock: Clock) -> None:
    key = mint()
    ring.replace([stored(key)], clock.now)
    holder = ring.holder_of(key.text)
    assert holder is not None
    assert holder.principal.name == "ops"
    assert holder.principal.roles == {Role.CHECK}
    assert ring.holder_of(key.text + "x") is None
    ring.replace([], clock.now)
    assert ring.holder_of(key.text) is None


def test_unconfirmed_keys_are_not_trusted_but_those_of_the_settings_are(
    ring: KeyRing, clock: Clock
) -> None:
    key = mint()
    with pytest.raises(Unavailable):
        ring.holder_of(key.text)
    ring.replace([stored(key)], clock.now)
    clock.now += TRUSTED_SECONDS
    assert ring.holder_of(key.text)
    clock.now += 0.01
    with pytest.raises(Unavailable):
        ring.holder_of(key.text)
    assert ring.holder_of(BOOTSTRAP)
    assert ring.holder_of("no key of ours") is None
    ring.confirm(clock.now)
    assert ring.holder_of(key.text)


def test_a_key_expires_between_two_readings(ring: KeyRing, clock: Clock) -> None:
    key = mint()
    ring.replace([stored(key, left=1.0)], clock.now)
    clock.now += 0.9
    assert ring.holder_of(key.text)
    clock.now += 0.2
    assert ring.holder_of(key.text) is None


def test_another_reading_gives_nobody_a_new_burst(ring: KeyRing, clock: Clock) -> None:
    key = mint()
    ring.replace([stored(key)], clock.now)
    before = ring.holder_of(key.text)
    ring.replace([stored(key), stored(mint())], clock.now)
    after = ring.holder_of(key.text)
    assert before is not None
    assert after is not None
    assert after.bucket is before.bucket


def test_a_role_of_a_newer_build_is_no_role_here(ring: KeyRing, clock: Clock) -> None:
    key = mint()
    ring.replace([stored(key, roles=("check", "rule-the-world"))], clock.now)
    holder = ring.holder_of(key.text)
    assert holder is not None
    assert holder.principal.roles == {Role.CHECK}


def test_endless_text_is_not_hashed(ring: KeyRing) -> None:
    assert ring.holder_of("sightline_" + "x" * 100_000) is None
