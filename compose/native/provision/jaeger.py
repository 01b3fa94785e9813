"""Jaeger v2 built from its Go module, at a pinned version, once.

The module is fetched by `go mod download`, which checks it against Go's checksum database, and
must have the hash below. It is then built as its own main module: `go install` refuses its
`replace` directives, and only so do its own go.mod and go.sum name every dependency.
"""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.provision.cache import only_run, put, scratch
from compose.native.provision.command import CommandError, run_command
from compose.native.tools import JAEGER_VERSION, TOOLS, Tools

MODULE: Final = "github.com/jaegertracing/jaeger"
_SUM: Final = "h1:sWCOOF1dr+NL0PLil7mFo3BqqQL8k4WiM7aguFbc14g="
_PACKAGE: Final = "./cmd/jaeger"
_GO: Final = {"CGO_ENABLED": "0", "GOWORK": "off"}


async def obtain_jaeger(tools: Tools, guard: Guard, say: Callable[[str], None]) -> None:
    """Build Jaeger into the cache folder; takes minutes. `MissingPartError` if it cannot be."""
    go = shutil.which("go", path=tools.environment.get("PATH", ""))
    if go is None:
        message = (
            "neither jaeger nor the Go that builds it is on PATH: "
            "install Go 1.25 or newer (https://go.dev/doc/install)"
        )
        raise MissingPartError(message)
    cache = tools.cache
    async with only_run(cache / "jaeger.lock", lambda: say("another run builds it: waiting")):
        if tools.look("jaeger") is not None:
            return
        folder = scratch(cache, "jaeger")
        try:
            source = await _source(go, folder, guard, say)
            binary = await _build(go, source, folder / "jaeger", guard, say)
            put(binary, cache / TOOLS["jaeger"].cached)
        except CommandError as error:
            message = f"Jaeger could not be built from {MODULE}@{JAEGER_VERSION}: {error}"
            raise MissingPartError(message) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def _source(go: str, folder: Path, guard: Guard, say: Callable[[str], None]) -> Path:
    say(f"downloading {MODULE}@{JAEGER_VERSION}")
    words = (go, "mod", "download", "-json", f"{MODULE}@{JAEGER_VERSION}")
    module = json.loads(await run_command(words, guard, cwd=folder, environment=_GO))
    if module["Sum"] != _SUM:
        message = f"the module's hash is {module['Sum']}, not {_SUM}"
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
    go: str, source: Path, binary: Path, guard: Guard, say: Callable[[str], None]
) -> Path:
    say("downloading its dependencies")
    list_all = (go, "list", "-mod=readonly", "-deps", _PACKAGE)
    listed = await run_command(list_all, guard, cwd=source, environment=_GO)
    total = len(listed.splitlines())
    compiled = 0

    def count(_: str) -> None:
        nonlocal compiled
        compiled += 1
        say(f"compiling: {compiled:,} of at most {total:,} packages")

    say("compiling")
    words = (go, "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-v")
    flags = ("-ldflags", "-s -w", "-o", str(binary), _PACKAGE)
    await run_command((*words, *flags), guard, cwd=source, environment=_GO, line=count)
    return binary
