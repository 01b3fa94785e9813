"""Jaeger, and linters of boards and rules, built once from Go modules of pinned versions.

Each module is fetched by `go mod download` and must have the hash below. It is then built as its
own main module: `go install` refuses `replace` directives, and only so do its own go.mod and go.sum
name every dependency, with its hash.
"""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.provision.cache import only_run, put, scratch
from compose.native.provision.command import CommandError, run_command
from compose.native.tools import (
    DASHBOARD_LINTER_VERSION,
    JAEGER_VERSION,
    PINT_VERSION,
    TOOLS,
    Tools,
)


@dataclass(frozen=True)
class GoModule:
    """A program, the module that it is in, and what the module's hash must be."""

    tool: str
    path: str
    version: str
    hash: str
    package: str

    def __str__(self) -> str:
        return f"{self.path}@{self.version}"

    @property
    def environment(self) -> dict[str, str]:
        """What Go runs with; our hash stands for the checksum database, which not all are in."""
        return {"CGO_ENABLED": "0", "GOWORK": "off", "GONOSUMDB": self.path}


JAEGER: Final = GoModule(
    "jaeger",
    "github.com/jaegertracing/jaeger",
    JAEGER_VERSION,
    "h1:sWCOOF1dr+NL0PLil7mFo3BqqQL8k4WiM7aguFbc14g=",
    "./cmd/jaeger",
)
DASHBOARD_LINTER: Final = GoModule(
    "dashboard-linter",
    "github.com/grafana/dashboard-linter",
    DASHBOARD_LINTER_VERSION,
    "h1:wpyAYX8+Rqu0LIEE7zXBR/qjBH4t0yXvqlRGa1wD5rg=",
    ".",
)
PINT: Final = GoModule(
    "pint",
    "github.com/cloudflare/pint",
    PINT_VERSION,
    "h1:d83Spdhm8OGmgfkNMohn7qKlr005ymflmuL7UhasGFw=",
    "./cmd/pint",
)


async def obtain_module(
    wanted: GoModule, tools: Tools, guard: Guard, say: Callable[[str], None]
) -> None:
    """Build it into the cache folder; takes minutes. `MissingPartError` if it cannot be."""
    go = shutil.which("go", path=tools.environment.get("PATH", ""))
    if go is None:
        message = (
            f"neither {wanted.tool} nor the Go that builds it is on PATH: "
            "install Go 1.25 or newer (https://go.dev/doc/install)"
        )
        raise MissingPartError(message)
    cache = tools.cache
    async with only_run(
        cache / f"{wanted.tool}.lock", lambda: say("another run builds it: waiting")
    ):
        if tools.look(wanted.tool) is not None:
            return
        folder = scratch(cache, wanted.tool)
        try:
            source = await _source(wanted, go, folder, guard, say)
            binary = await _build(wanted, go, source, guard, say)
            put(binary, cache / TOOLS[wanted.tool].cached)
        except CommandError as error:
            message = f"{TOOLS[wanted.tool].title} could not be built from {wanted}: {error}"
            raise MissingPartError(message) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def _source(
    wanted: GoModule, go: str, folder: Path, guard: Guard, say: Callable[[str], None]
) -> Path:
    say(f"downloading {wanted}")
    words = (go, "mod", "download", "-json", str(wanted))
    module = json.loads(await run_command(words, guard, cwd=folder, environment=wanted.environment))
    if module["Sum"] != wanted.hash:
        message = f"the module's hash is {module['Sum']}, not {wanted.hash}"
        raise CommandError(message)
    source = folder / "source"
    await asyncio.to_thread(_copy_writable, Path(module["Dir"]), source)
    return source


def _copy_writable(original: Path, copy: Path) -> None:
    """Copy a tree; the folders of Go's module cache are read-only, and could not be removed."""
    copy.mkdir()
    for path in original.iterdir():
        if path.is_dir():
            _copy_writable(path, copy / path.name)
        else:
            shutil.copyfile(path, copy / path.name)


async def _build(
    wanted: GoModule, go: str, source: Path, guard: Guard, say: Callable[[str], None]
) -> Path:
    say("downloading its dependencies")
    list_all = (go, "list", "-mod=readonly", "-deps", wanted.package)
    listed = await run_command(list_all, guard, cwd=source, environment=wanted.environment)
    total = len(listed.splitlines())
    compiled = 0

    def count(_: str) -> None:
        nonlocal compiled
        compiled += 1
        say(f"compiling: {compiled:,} of at most {total:,} packages")

    say("compiling")
    binary = source.parent / "program"
    words = (go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-v")
    flags = ("-ldflags", "-s -w", "-o", str(binary), wanted.package)
    await run_command(
        (*words, *flags), guard, cwd=source, environment=wanted.environment, line=count
    )
    return binary
