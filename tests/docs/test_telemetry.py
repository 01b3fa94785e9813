"""docs/telemetry/README.md: its blocks run, in fresh processes, and are strictly typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.telemetry_page import BLOCKS, PAGE, ROOT, STARLETTE, python, with_blocks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_blocks(tmp_path)


def test_every_block_of_python_has_a_name_and_so_is_run() -> None:
    assert PAGE.count("```python") == len(BLOCKS) > 5


def test_the_pages_own_tests_pass(folder: Path) -> None:
    quiet = ("-p", "no:cacheprovider", "-p", "no:asyncio")
    run = python(folder, "-m", "pytest", "-q", *quiet, "test_shop_orders.py")
    assert "2 passed" in run.stdout, run.stdout


def test_the_worker_keeps_its_callers_id(folder: Path) -> None:
    (folder / "driver.py").write_text(
        """
import asyncio

from shop_worker import OrderQueue, work
from telemetry.context import bound_correlation_id
from telemetry.runtime import Telemetry, TelemetrySettings
from telemetry.testing import captured_telemetry

with captured_telemetry() as captured:
    queue = OrderQueue(captured.telemetry)
    with bound_correlation_id("caller-1"):
        carrier = queue.send("7")
    assert queue.process("7", carrier) == "caller-1"
    assert captured.span_names() == ["send orders", "process orders"]
    assert len(captured.span("process orders").links) == 1

stop = asyncio.Event()
stop.set()
asyncio.run(work(Telemetry(TelemetrySettings(service_name="w", metrics_port=0)), stop))
"""
    )
    run = python(folder, "driver.py")
    assert (run.returncode, run.stderr) == (0, "")


def test_the_pages_code_is_strictly_typed(folder: Path) -> None:
    (folder / "shop.py").write_text(STARLETTE)
    run = subprocess.run(  # noqa: S603  # ours
        [
            *(sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")),
            *("--cache-dir", str(folder / ".mypy_cache"), "--follow-imports", "silent"),
            *(*BLOCKS, "shop.py"),
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert (ROOT / "telemetry/py.typed").exists()
