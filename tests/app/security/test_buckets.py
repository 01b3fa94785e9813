"""Rates: what a bucket lets through over time, and that strangers cannot fill the memory."""

import pytest

from app.security.buckets import AddressBuckets, Bucket


def test_a_bucket_lets_its_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(rate=2, burst=3, now=10.0)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert (bucket.remaining, bucket.seconds_to_next) == (0, 1)
    assert [bucket.take(10.5), bucket.take(10.5)] == [True, False]
    assert bucket.seconds_to_full == 2


def test_a_bucket_that_rests_holds_no_more_than_its_burst() -> None:
    bucket = Bucket(rate=100, burst=2, now=0.0)
    assert [bucket.take(1_000.0) for _ in range(3)] == [True, True, False]


def test_a_slow_bucket_tells_how_long_to_wait() -> None:
    bucket = Bucket(rate=0.1, burst=1, now=0.0)
    assert bucket.take(0.0)
    assert not bucket.take(1.0)
    assert bucket.seconds_to_next == 9


def test_an_address_has_its_own_share() -> None:
    addresses = AddressBuckets(per_minute=2, most=10)
    assert [addresses.take("192.0.2.1", 0.0) for _ in range(3)] == [0, 0, 30]
    assert addresses.take("192.0.2.2", 0.0) == 0
    assert addresses.take("192.0.2.1", 30.0) == 0


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8::1", "2001:db8:0:0:5::", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::1", "::2", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_a_network_of_ipv6_is_one_caller(first: str, second: str, is_one: bool) -> None:  # noqa: FBT001  # a parameter of the table
    addresses = AddressBuckets(per_minute=1, most=10)
    addresses.take(first, 0.0)
    assert bool(addresses.take(second, 0.0)) is is_one


def test_no_number_of_addresses_takes_more_than_the_bound() -> None:
    addresses = AddressBuckets(per_minute=1, most=100)
    for number in range(10_000):
        addresses.take(f"10.0.{number // 256}.{number % 256}", 0.0)
    assert len(addresses) == 100
    assert addresses.take("10.0.39.15", 0.0)  # of the last ones nothing is forgotten


def test_a_bound_of_zero_is_none() -> None:
    addresses = AddressBuckets(per_minute=0, most=10)
    assert {addresses.take("192.0.2.1", 0.0) for _ in range(1_000)} == {0}
