"""README.md's commands, in their order, against the real service: they answer what is shown.

`…` stands for what differs each time. They are run by a stand-in for curl that knows just the
options that they use, and by curl itself where the machine has it.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import API_KEY
from tests.faults.web_process import web_process

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
NEEDED = (
    *("/permissions/check", "/grants", "-X DELETE", "/permissions/explain"),
    *("/reports", "/imports", "/audit/verify", "/grants?"),
)
STAND_IN = f"""#!{sys.executable}
import argparse
import sys

import httpx

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("url")
parser.add_argument("-s", action="store_true")
parser.add_argument("-X")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-w", default="")
parser.add_argument("--json")
parser.add_argument("--data-binary", choices=["@-"])
given = parser.parse_args()
headers = dict(line.split(": ", 1) for line in given.H)
content = None
if given.json is not None:
    content = given.json.encode()
    headers |= {{"Content-Type": "application/json", "Accept": "application/json"}}
elif given.data_binary:
    content = sys.stdin.buffer.read()
method = given.X or ("GET" if content is None else "POST")
answer = httpx.request(
    method, "http://" + given.url, headers=headers, content=content, trust_env=False
)
sys.stdout.write(answer.text)
sys.stdout.write(
    given.w.replace("%{{http_code}}", str(answer.status_code)).replace("\\\\n", "\\n")
)
"""


def examples() -> list[tuple[str, str]]:
    """Return each command of the README's consoles, and what is shown below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = re.sub(r"\\\n\s*", "", part).partition("\n")
            found.append((command, shown.strip()))
    return found


def run(command: str, port: int, folder: Path) -> str:
    done = subprocess.run(  # noqa: S603  # the README's own
        ["sh", "-c", command.replace("localhost:8000", f"127.0.0.1:{port}")],  # noqa: S607  # the machine's
        env={"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "KEY": API_KEY},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_a_caller_needs_is_shown() -> None:
    commands = " ".join(command for command, _ in examples())
    assert [part for part in NEEDED if part not in commands] == []


@pytest.mark.parametrize("client", ["stand-in", "curl"])
async def test_they_answer_what_is_shown(
    client: str, database_url: str, cache_url: str, tmp_path: Path
) -> None:
    if client == "stand-in":
        stand_in = tmp_path / "curl"
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
    elif shutil.which("curl") is None:
        pytest.skip("this machine has no curl; the stand-in runs them")
    environment = {"SIGHTLINE_DATABASE_URL": database_url, "SIGHTLINE_REDIS_URL": cache_url}
    async with web_process(environment, tmp_path) as web:
        for command, shown in examples():
            answered = await asyncio.to_thread(run, command, web.port, tmp_path)
            pattern = ".+".join(map(re.escape, shown.split("…")))
            assert re.fullmatch(pattern, answered), f"{command}\n{answered}\n{shown}"
