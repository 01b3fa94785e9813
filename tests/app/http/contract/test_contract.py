"""The service as its description says it is: schemathesis makes up requests for every operation.

All of schemathesis' checks but one are on: `max_response_time` would assert a duration. More
requests: SIGHTLINE_CONTRACT_EXAMPLES=500, for each operation; the same again:
SIGHTLINE_CONTRACT_SEED, with the seed that a failure names.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import API_KEY
from tests.faults.web_process import WebProcess, web_process

ROOT = Path(__file__).parents[4]
FOLDER = Path(__file__).parent
SEED = os.environ.get("SIGHTLINE_CONTRACT_SEED")
EXAMPLES = os.environ.get("SIGHTLINE_CONTRACT_EXAMPLES", "50")
WATCHDOG_SECONDS = 120.0 + 20.0 * int(EXAMPLES)


def closed(schema: Any) -> Any:  # noqa: ANN401  # any JSON
    """Return a schema that takes no field it does not name: what is answered must be described."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {name: closed(value) for name, value in schema.items()}
    if isinstance(whole.get("properties"), dict):
        whole.setdefault("additionalProperties", False)
    return whole


def environment(database_url: str, cache_url: str, folder: Path) -> dict[str, str]:
    imports = folder / "imports"
    (imports / "in").mkdir(parents=True)
    (imports / "grants.csv").write_text("user,resource,action\nalice,doc:1,read\n")
    (imports / "in" / "memberships.ndjson").write_text('{"group": "tellers", "user": "alice"}\n')
    return {
        "SIGHTLINE_DATABASE_URL": database_url,
        "SIGHTLINE_REDIS_URL": cache_url,
        "SIGHTLINE_IMPORT_FOLDER": str(imports),
        "SIGHTLINE_UNAUTHENTICATED_PER_MINUTE": "0",
        "SIGHTLINE_RATE_LIMIT_PER_SECOND": "1000000",
        "SIGHTLINE_RATE_LIMIT_BURST": "1000000",
    }


async def description(web: WebProcess) -> dict[str, Any]:
    async with web.client() as client:
        answered: dict[str, Any] = (await client.get("/openapi.json")).json()
    return answered


def run_schemathesis(document: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(FOLDER / "schemathesis.toml")),
        *("run", str(document), "--url", url, "--max-examples", EXAMPLES),
        *("--header", f"Authorization: Bearer {API_KEY}"),
        *("--continue-on-failure", "--no-color", "--warnings", "off"),
        *(("--seed", SEED) if SEED else ()),
    ]
    given = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.app.http.contract.hooks",
        "COLUMNS": "200",
    }
    return subprocess.run(  # noqa: S603  # our own arguments
        command,
        cwd=document.parent,
        env=given,
        capture_output=True,
        text=True,
        timeout=WATCHDOG_SECONDS,
        check=False,
    )


async def test_no_request_finds_the_service_other_than_described(
    database_url: str, cache_url: str, tmp_path: Path
) -> None:
    async with web_process(environment(database_url, cache_url, tmp_path), tmp_path) as web:
        document = await description(web)
        document["components"] = {
            **document["components"],
            "schemas": closed(document["components"]["schemas"]),
        }
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(document))
        done = await asyncio.to_thread(run_schemathesis, path, f"http://127.0.0.1:{web.port}")
        log = web.log
    assert done.returncode == 0, done.stdout + done.stderr
    operations = sum(map(len, document["paths"].values()))
    assert f"Tested: {operations}" in done.stdout, done.stdout
    for phase in ("Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout, done.stdout
    sent = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert sent is not None, done.stdout
    print(f"{sent[1]} requests to {operations} operations")  # noqa: T201  # the figure to show
    assert '"event":"request.failed"' not in log
