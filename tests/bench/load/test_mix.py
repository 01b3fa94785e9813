from collections import Counter

from app.http.bodies import MAX_BODY_BYTES
from bench.load.mix import BATCH, CHECK, VERIFY, Mix, grants


def test_the_same_seed_asks_the_same_at_the_same_moments() -> None:
    assert Mix("key").schedule(500, 1.0) == Mix("key").schedule(500, 1.0)
    assert Mix("key").schedule(500, 1.0) != Mix("key", seed=8).schedule(500, 1.0)


def test_arrivals_are_as_many_as_the_rate_says_with_those_of_one_moment_among_them() -> None:
    for refused in (0.0, 0.1):
        planned = Mix("key", refused=refused).schedule(1_000, 20.0)
        assert 0.95 < len(planned) / 20_000 < 1.05
        moments = [moment for moment, _ in planned]
        assert moments == sorted(moments)
        assert moments[-1] < 20.0


def test_most_are_checks_and_every_route_of_the_mix_is_asked() -> None:
    asked = Counter((ask.method, ask.route) for _, ask in Mix("key").schedule(1_000, 20.0))
    assert asked["POST", CHECK] > 0.8 * asked.total()
    assert {route for _, route in asked} == {CHECK, BATCH, "/grants", "/audit", "/reports"}
    assert asked["DELETE", "/grants"] > 0


def test_only_where_it_is_wanted_several_verify_at_one_moment() -> None:
    planned = Mix("key", refused=0.05).schedule(1_000, 5.0)
    verifying = Counter(moment for moment, ask in planned if ask.route == VERIFY)
    assert verifying
    assert set(verifying.values()) == {4}
    assert not [ask for _, ask in Mix("key").schedule(1_000, 5.0) if ask.route == VERIFY]


def test_each_request_is_whole() -> None:
    for _, ask in Mix("the key").schedule(1_000, 2.0):
        head, _, body = ask.data.partition(b"\r\n\r\n")
        assert head.startswith(f"{ask.method} {ask.route}".encode())
        assert b"Authorization: Bearer the key" in head
        assert (f"Content-Length: {len(body)}".encode() in head) == bool(body)
        assert len(body) < MAX_BODY_BYTES


def test_no_grant_is_made_twice_before_the_load() -> None:
    made = list(grants())
    assert len(made) == len(set(made)) > 10_000
