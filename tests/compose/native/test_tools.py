import asyncio
import subprocess
from pathlib import Path

import pytest

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.progress import Silent
from compose.native.provision.debian import PROMETHEUS, obtain_package
from compose.native.provision.go_module import (
    DASHBOARD_LINTER,
    JAEGER,
    PINT,
    GoModule,
    obtain_module,
)
from compose.native.provision.obtain import obtain_missing
from compose.native.tools import JAEGER_VERSION, Tools, find


def _bare(folder: Path) -> Tools:
    """A machine with nothing on PATH and nothing in the cache."""
    return Tools({"PATH": str(folder / "bin"), "XDG_CACHE_HOME": str(folder / "cache")})


def _runs(program: Path) -> None:
    subprocess.run([program, "--version"], check=True, capture_output=True)  # noqa: S603  # found


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["prometheus", "promtool", "alertmanager", "amtool", "jaeger"])
def test_a_missing_tool_is_named_with_the_command_that_installs_it(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(MissingPartError, match="is not on this machine: python -m compose prov"):
        _bare(tmp_path).find(name)


def test_path_comes_before_the_cache(tmp_path: Path) -> None:
    tools = _bare(tmp_path)
    cached = _program(tools.cache / f"jaeger-{JAEGER_VERSION}")
    assert tools.find("jaeger") == cached
    assert tools.find("jaeger") != _program(tmp_path / "bin" / "jaeger")
    assert tools.find("jaeger") == tmp_path / "bin" / "jaeger"


def test_debians_name_of_alertmanager_is_known(tmp_path: Path) -> None:
    expected = _program(tmp_path / "bin" / "prometheus-alertmanager")
    assert _bare(tmp_path).find("alertmanager") == expected


def test_a_file_that_cannot_be_run_is_not_a_tool(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "promtool").chmod(0o644)
    assert _bare(tmp_path).look("promtool") is None


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_the_wheels_bring_the_databases(tmp_path: Path, name: str) -> None:
    binary = _bare(tmp_path).find(name)
    assert "site-packages" in binary.parts
    _runs(binary)


def test_what_make_check_needs_is_found() -> None:
    for name in ("promtool", "amtool"):
        _runs(find(name))


async def test_without_apt_the_message_says_what_to_install(tmp_path: Path) -> None:
    with Guard() as guard, pytest.raises(MissingPartError) as caught:
        await obtain_package(PROMETHEUS, _bare(tmp_path), guard, print)
    assert "there is no apt-get to obtain it with: install prometheus" in str(caught.value)


@pytest.mark.parametrize("wanted", [JAEGER, DASHBOARD_LINTER, PINT], ids=lambda one: one.tool)
async def test_without_go_the_message_says_what_to_install(
    tmp_path: Path, wanted: GoModule
) -> None:
    with Guard() as guard, pytest.raises(MissingPartError, match=r"install Go 1\.25") as caught:
        await obtain_module(wanted, _bare(tmp_path), guard, print)
    assert str(caught.value).startswith(f"neither {wanted.tool} nor the Go")


async def test_all_that_cannot_be_had_is_named_at_once_but_jaeger_is_no_error(
    tmp_path: Path,
) -> None:
    tools = _bare(tmp_path)
    with pytest.raises(MissingPartError) as caught:
        await obtain_missing(tools, Silent())
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["prometheus", "prometheus-alertmanager"]
    for name in ("prometheus", "promtool", "prometheus-alertmanager", "amtool"):
        _program(tmp_path / "bin" / name)
    await asyncio.wait_for(obtain_missing(tools, Silent(), linters=True), 30)
    assert [tools.look(name) for name in ("jaeger", "dashboard-linter", "pint")] == [None] * 3
