"""docs/telemetry/comparison.md: its column "ours" is true, and nothing is missing in it.

The column "stock" needs packages that only the bench's environment has: `python -m
bench.comparison` fills it. Cases that judge a time are left to that command.
"""

import re
from pathlib import Path

import pytest

from bench.comparison import see
from bench.defects import answers, ours, outages, postgres, requests, valkey
from bench.defects.model import Case
from tests.servers import PostgresServer

PAGE = Path(__file__).parents[2] / "docs/telemetry/comparison.md"
WITHOUT_A_STORE = (*requests.CASES, *answers.CASES, *outages.CASES)
POSTGRES = {case.what: case for case in postgres.cases("")}
VALKEY = {case.what: case for case in valkey.cases("")}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.what) for case in WITHOUT_A_STORE if not case.timed]
)
def test_ours_is_as_expected(case: Case) -> None:
    seen = see(case, ours.make)
    assert seen.ok, f"expected: {case.expected}; seen: {seen.text}"


@pytest.mark.parametrize("what", POSTGRES)
def test_ours_is_as_expected_with_postgresql(what: str, postgres: PostgresServer) -> None:
    [case] = [case for case in _postgres_cases(postgres.url()) if case.what == what]
    seen = see(case, ours.make)
    assert seen.ok, f"expected: {case.expected}; seen: {seen.text}"


_postgres_cases = postgres.cases  # the fixture of that name hides the module in a test


@pytest.mark.parametrize("what", VALKEY)
def test_ours_is_as_expected_with_valkey(what: str, cache_url: str) -> None:
    [case] = [case for case in _valkey_cases(cache_url) if case.what == what]
    seen = see(case, ours.make)
    assert seen.ok, f"expected: {case.expected}; seen: {seen.text}"


_valkey_cases = valkey.cases


def test_the_page_has_every_case_and_ours_is_ok_in_each() -> None:
    cells = re.findall(r"^\| (.+?) \| (.+?) \| (.+) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    rows = {what: (expected, ours) for what, expected, _, ours in cells if what != "case"}
    every = (*WITHOUT_A_STORE, *POSTGRES.values(), *VALKEY.values())
    assert rows == {case.what: (case.expected, "ok") for case in every}
