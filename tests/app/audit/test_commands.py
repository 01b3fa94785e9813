import argparse
from pathlib import Path

import pytest

from app.audit.anchors import AnchorError, read_anchors
from app.audit.commands import add_arguments, run
from app.audit.sealer import Sealer
from app.database.pool import DatabasePool
from app.errors import SettingsError, StartupError
from app.settings import Settings
from tests.app.audit.trails import seal_all, superuser, write_trail
from tests.servers import PostgresServer, create_database

_KEY = "k" * 32


@pytest.fixture
def signing(settings: Settings, tmp_path: Path) -> Settings:
    key = tmp_path / "key"
    key.write_text(_KEY)
    return settings.model_copy(update={"audit_key_file": key})


async def _run(settings: Settings, *words: str) -> str:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return await run(settings, parser.parse_args(words))


async def test_exported_heads_are_met_until_the_chain_is_another(
    pool: DatabasePool, sealer: Sealer, signing: Settings, tmp_path: Path
) -> None:
    heads = tmp_path / "heads"
    for _ in range(2):
        await write_trail(pool, 5)
        await seal_all(sealer)
        await _run(signing, "export", "--to", str(heads))
    assert len(heads.read_text().splitlines()) == 2
    said = await _run(signing, "verify", "--anchors", str(heads))
    assert said.startswith("intact: 10 entries, 2 exported heads met; the head is number 10, hash ")
    async with superuser(signing.database_url.get_secret_value()) as connection:
        await connection.execute("DELETE FROM audit_chain WHERE number > 8")
        await connection.execute("DELETE FROM audit_entries WHERE id > 8")
    assert (await _run(signing, "verify")).startswith("intact: 8 entries;")
    for words in (["verify", "--anchors", str(heads)], ["export", "--to", str(heads)]):
        with pytest.raises(StartupError, match=r"broken at number 10 .*: deleted"):
            await _run(signing, *words)
    assert len(heads.read_text().splitlines()) == 2


async def test_a_head_is_not_exported_over_a_broken_chain(
    pool: DatabasePool, sealer: Sealer, signing: Settings
) -> None:
    await write_trail(pool, 5)
    await seal_all(sealer)
    async with superuser(signing.database_url.get_secret_value()) as connection:
        await connection.execute("UPDATE audit_entries SET actor = 'x' WHERE id = 3")
    with pytest.raises(StartupError, match=r"broken at number 3 \(entry 3\): edited"):
        await _run(signing, "export")


async def test_an_anchor_that_was_not_signed_with_the_key_is_refused(
    pool: DatabasePool, sealer: Sealer, signing: Settings
) -> None:
    await write_trail(pool, 5)
    await seal_all(sealer)
    line = await _run(signing, "export")
    (anchor,) = read_anchors([line, "\n"], _KEY.encode())
    assert anchor.number == 5
    for wrong in (
        line.replace('"number":5', '"number":4'),
        line.replace(anchor.hash.hex(), "0" * 64),
        "[]",
        "not JSON",
        "{}",
    ):
        with pytest.raises(AnchorError, match="line 2 was not signed"):
            read_anchors([line, wrong], _KEY.encode())
    with pytest.raises(AnchorError):
        read_anchors([line], b"another key, which is long enough")


async def test_a_file_that_cannot_be_written_is_told(
    pool: DatabasePool, sealer: Sealer, signing: Settings, tmp_path: Path
) -> None:
    await write_trail(pool, 1)
    await seal_all(sealer)
    with pytest.raises(StartupError, match=r"cannot be written \(FileNotFoundError\)"):
        await _run(signing, "export", "--to", str(tmp_path / "nowhere" / "heads"))


async def test_a_database_without_a_trail_is_told(
    settings: Settings, postgres: PostgresServer
) -> None:
    await create_database(postgres, "without_a_trail")
    url = type(settings.database_url)(postgres.url("without_a_trail"))
    empty = settings.model_copy(update={"database_url": url})
    with pytest.raises(StartupError, match="run python -m app migrate"):
        await _run(empty, "verify")


async def test_without_a_key_nothing_is_exported(
    settings: Settings, signing: Settings, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="SIGHTLINE_AUDIT_KEY_FILE is required"):
        await _run(settings, "export")
    (tmp_path / "key").write_text("short")
    with pytest.raises(SettingsError, match="at least 32 bytes"):
        await _run(signing, "export")


async def test_nothing_is_cut_that_is_younger_than_30_days(settings: Settings) -> None:
    with pytest.raises(StartupError, match="kept for at least 30 days"):
        await _run(settings, "cut", "--older-than-days", "29")
    assert await _run(settings, "cut", "--older-than-days", "30") == "0 entries were cut\n"
