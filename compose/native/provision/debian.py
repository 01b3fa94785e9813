"""Prometheus, Alertmanager and others from Debian's packages, unpacked but not installed.

`apt-get download` checks the archive's signature and the package's hash as an installation does;
`dpkg-deb --extract` writes into the cache folder. No root, no daemon that the package starts, and
nothing outside that folder. The binaries need nothing but libc, or the libraries named with them.
"""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compose.native.errors import MissingPartError
from compose.native.guard import Guard
from compose.native.provision.cache import only_run, put, scratch
from compose.native.provision.command import CommandError, run_command
from compose.native.provision.relocate import relocate
from compose.native.tools import Tools


@dataclass(frozen=True)
class DebianPackage:
    """A package and a tool that it brings."""

    package: str
    tool: str
    libraries: tuple[str, ...] = ()
    """Packages that are unpacked beside it, into `usr/lib`: whoever runs it says where that is."""


PROMETHEUS = DebianPackage("prometheus", "promtool")
ALERTMANAGER = DebianPackage("prometheus-alertmanager", "amtool")
VALGRIND = DebianPackage("valgrind", "valgrind")
PGBOUNCER = DebianPackage("pgbouncer", "pgbouncer", ("libc-ares2", "libevent-2.1-7"))
# Only tests and one command want a browser; of its libraries those that a small system may lack.
_CHROMIUM_NEEDS = """
libasound2 libasyncns0 libatk1.0-0 libatspi2.0-0 libbrotli1 libbsd0 libdav1d6 libdbus-1-3
libdouble-conversion3 libdrm2 libexpat1 libffi8 libflac12 libfontconfig1 libfreetype6 libgbm1
libglib2.0-0 libgraphite2-3 libharfbuzz-subset0 libharfbuzz0b libjpeg62-turbo liblcms2-2 libmd0
libminizip1 libmp3lame0 libmpg123-0 libnspr4 libnss3 libogg0 libopenh264-7 libopenjp2-7
libopus0 libpcre2-8-0 libpng16-16 libpulse0 libsndfile1 libsqlite3-0 libvorbis0a libvorbisenc2
libwayland-server0 libx11-6 libx11-xcb1 libxau6 libxcb1 libxcomposite1 libxdamage1 libxdmcp6
libxext6 libxfixes3 libxi6 libxkbcommon0 libxnvctrl0 libxrandr2 libxrender1
"""
CHROMIUM = DebianPackage(
    "chromium-headless-shell",
    "chromium",
    (
        "chromium-common",
        *_CHROMIUM_NEEDS.split(),
    ),
)
HAPROXY = DebianPackage(
    "haproxy", "haproxy", ("liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")
)


async def obtain_package(
    wanted: DebianPackage, tools: Tools, guard: Guard, say: Callable[[str], None]
) -> None:
    """Unpack the package into the cache folder; `MissingPartError` says what to do if it cannot."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program, path=tools.environment.get("PATH", "")) is None:
            message = (
                f"{wanted.package} is not on PATH and there is no {program} to obtain it with: "
                f"install {wanted.package} with your system's package manager"
            )
            raise MissingPartError(message)
    cache = tools.cache
    async with only_run(
        cache / f"{wanted.package}.lock", lambda: say("another run obtains it: waiting")
    ):
        if tools.look(wanted.tool) is not None:
            return
        folder = scratch(cache, wanted.package)
        try:
            tree = folder / "tree"
            for package in (wanted.package, *wanted.libraries):
                archive = await _download(package, folder, guard, say)
                say("unpacking")
                unpack = ("dpkg-deb", "--extract", str(archive), str(tree))
                await run_command(unpack, guard, cwd=folder)
                archive.unlink()
            await asyncio.to_thread(relocate, tree)
            put(tree, cache / "debian" / wanted.package)
        except CommandError as error:
            message = (
                f"{wanted.package} could not be obtained ({error}): "
                f"sudo apt-get install --no-install-recommends {wanted.package}"
            )
            raise MissingPartError(message) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def _download(package: str, folder: Path, guard: Guard, say: Callable[[str], None]) -> Path:
    say("downloading")
    # apt drops root's privileges to an account that cannot write here.
    as_we_are = ("-o", "APT::Sandbox::User=")
    try:
        await run_command(("apt-get", *as_we_are, "download", package), guard, cwd=folder)
    except CommandError:  # no package lists, or lists of a package that has been replaced since
        private = (*as_we_are, *_private_state(folder))
        say("reading the package lists")
        await run_command(("apt-get", *private, "update"), guard, cwd=folder)
        say("downloading")
        await run_command(("apt-get", *private, "download", package), guard, cwd=folder)
    archives = _archives(folder)
    if len(archives) != 1:
        message = f"apt-get downloaded {len(archives)} packages"
        raise CommandError(message)
    return archives[0]


def _archives(folder: Path) -> list[Path]:
    return list(folder.glob("*.deb"))


def _private_state(folder: Path) -> tuple[str, ...]:
    """Return options that keep apt's lists in `folder`, so that an update needs no root."""
    state = folder / "state"
    (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": folder,
    }
    return tuple(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))
