"""Summaries of statements, and that no value gets into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.sql import describe, summary_of


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        ("SELECT true FROM grants WHERE user_id = $1", "SELECT grants"),
        ("select a.x from app.grants a join epochs e using (id)", "SELECT app.grants epochs"),
        ("INSERT INTO grants VALUES ($1) ON CONFLICT DO UPDATE SET x = 1", "INSERT grants"),
        ("INSERT INTO grants (user_id, action) VALUES ($1, $2)", "INSERT grants"),
        ("INSERT INTO totals SELECT * FROM orders", "INSERT totals SELECT orders"),
        ("UPDATE grant_epoch SET value = value + 1 RETURNING value", "UPDATE grant_epoch"),
        ("DELETE FROM grants WHERE user_id = 'FROM secrets'", "DELETE grants"),
        ("SELECT 1 FROM jobs FOR UPDATE SKIP LOCKED", "SELECT jobs"),
        ("SELECT extract(epoch FROM created_at) FROM jobs", "SELECT jobs"),
        ("SELECT extract(epoch FROM now() - min(due)) FROM jobs", "SELECT jobs"),
        ("SELECT 1 FROM jobs WHERE a IS DISTINCT FROM b", "SELECT jobs"),
        ("SELECT * FROM unnest($1::text[])", "SELECT"),
        ("SELECT 1 FROM songs JOIN LATERAL (SELECT 1 FROM plays)", "SELECT songs SELECT plays"),
        ("SELECT 1 FROM users JOIN LATERAL unnest(names) n ON true", "SELECT users"),
        ("WITH a AS ((SELECT 1 FROM songs) UNION SELECT 2) SELECT * FROM a", "SELECT songs"),
        (
            "WITH due AS (SELECT id FROM jobs LIMIT 1) UPDATE jobs SET x = 1 FROM due",
            "SELECT jobs UPDATE jobs",
        ),
        (
            "WITH moved AS (UPDATE epochs SET x = 1 RETURNING x) SELECT x FROM moved",
            "UPDATE epochs",
        ),
        (
            "SELECT (SELECT 1 FROM songs), (SELECT 1 FROM plays, songs), (SELECT 2 FROM songs)",
            "SELECT songs SELECT plays",
        ),
        ("SELECT (SELECT 1)", "SELECT"),
        ("/* by hand */ SELECT -- FROM nowhere\n 1", "SELECT"),
        ('SELECT * FROM "Odd Name"', 'SELECT "Odd Name"'),
        ("COPY app.songs (title) FROM STDIN", "COPY app.songs"),
        ("COPY (SELECT title FROM songs) TO STDOUT", "COPY SELECT songs"),
        ("EXPLAIN (ANALYZE) SELECT 1 FROM songs", "EXPLAIN SELECT songs"),
        ("CREATE TEMPORARY TABLE IF NOT EXISTS songs (title text)", "CREATE TABLE songs"),
        ("TRUNCATE songs", "TRUNCATE songs"),
        (r"SELECT E'it\'s FROM secrets' FROM songs", "SELECT songs"),
        ("SELECT $q$ FROM secrets $q$ FROM songs", "SELECT songs"),
        ("BEGIN;", "BEGIN"),
        ("COMMIT;", "COMMIT"),
        ("LISTEN news", "LISTEN"),
        ("", ""),
        (";;", ""),
    ],
)
def test_a_statement_is_summed_up(statement: str, summary: str) -> None:
    assert summary_of(statement) == summary


def test_a_long_summary_ends_between_two_words() -> None:
    tables = [f"table_{number}" for number in range(100)]
    summary = summary_of("SELECT 1 FROM " + " JOIN ".join(tables))  # noqa: S608  # is not run
    assert len(summary) <= 255
    assert summary.split()[1:] == tables[: len(summary.split()) - 1]


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_no_literal_gets_in(text: str) -> None:
    literal = "'" + text.replace("'", "''") + "'"
    statement = f"SELECT 1 FROM grants WHERE user_id = {literal}"  # noqa: S608  # is not run
    assert summary_of(statement) == "SELECT grants"
    assert len(summary_of(text)) <= 255


@pytest.mark.parametrize(
    ("literal", "left"),
    [
        ("'canary'", "?"),
        ("'it''s canary'", "?"),
        (r"E'it\'s canary'", "?"),
        (r"'a\' || 'canary'", "? || ?"),
        ("$$canary$$", "?"),
        ("$tag$ $$ canary $tag$", "?"),
        ("U&'canary'", "?"),
        ("x'1F'", "?"),
        ("-31337", "-?"),
        ("3.1337e-5", "?"),
        (".5", "?"),
        ("0x31337", "?"),
        ("/* canary /* nested */ 'canary' */ 1", "?"),
        ("1 -- canary", "?"),
        ("'canary that never ends", "?"),
        ('"it\'s a name"', '"it\'s a name"'),
        ("$1", "$1"),
        ("t1.c2", "t1.c2"),
    ],
)
def test_literals_leave_the_text(literal: str, left: str) -> None:
    assert describe(f"SELECT {literal}").text == f"SELECT {left}"


def test_a_long_statement_is_cut_and_shows_no_half_literal() -> None:
    text = describe("SELECT " + "1, " * 1000 + "'" + "canary" * 10_000).text
    assert len(text) <= 4096
    assert "canary" not in text


@given(st.text(max_size=200))
def test_no_string_survives(text: str) -> None:
    literal = "'" + text.replace("'", "''") + "'"
    assert describe(f"SELECT {literal}, $1 FROM songs").text == "SELECT ?, $1 FROM songs"  # noqa: S608  # is not run
