"""The service speaks TLS itself where its settings say so."""

import ssl
from pathlib import Path

import httpx
import pytest

from app.errors import SettingsError, StartupError
from app.http.tls import tls_context_factory
from app.settings import Settings, read_settings
from tests.faults.web_process import web_process
from tests.tls import make_pair


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, str]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    made = make_pair(tmp_path / "tls")
    return {
        "SIGHTLINE_TLS_CERTIFICATE": str(made.certificate),
        "SIGHTLINE_TLS_KEY": str(made.key),
    }


async def test_a_certificate_is_all_that_https_takes(
    pair: dict[str, str], database_url: str, cache_url: str, tmp_path: Path
) -> None:
    trusting = ssl.create_default_context(cafile=pair["SIGHTLINE_TLS_CERTIFICATE"])
    settings = {
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_HSTS_SECONDS": "60",
        **pair,
    }
    async with web_process(settings, tmp_path, verify=trusting) as web, web.client() as client:
        response = await client.get("/livez")
        assert response.json() == {"status": "live"}
        assert response.headers["strict-transport-security"].startswith("max-age=60;")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(str(client.base_url).replace("https", "http") + "/livez")
        old = ssl.create_default_context(cafile=pair["SIGHTLINE_TLS_CERTIFICATE"])
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        async with web.client(verify=old) as older:
            assert (await older.get("/livez")).is_success


def test_what_is_no_certificate_is_one_line(settings: Settings, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    for content in (None, "hush"):
        if content:
            nothing.write_text(content)
        changed = settings.model_copy(update={"tls_certificate": nothing, "tls_key": nothing})
        with pytest.raises(StartupError, match="SIGHTLINE_TLS_CERTIFICATE and") as refused:
            tls_context_factory(changed)
        assert "hush" not in str(refused.value)
    assert tls_context_factory(settings) is None


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be given together"):
        read_settings(database_url="postgresql://x/y", tls_certificate="x.pem")
