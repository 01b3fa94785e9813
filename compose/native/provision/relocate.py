"""Debian's Alertmanager and amtool, made to run from a folder where they were not installed.

Debian's build opens its default templates at one absolute path. That text in the program is
replaced by another of the same length, `/proc/self/fd/9/./…`, and a wrapper opens file descriptor
9 on the unpacked templates before it becomes the program: any folder will do, with no root and no
namespace. (Conda relocates every package that it installs by the same means.)
"""

from pathlib import Path
from typing import Final

_HOME: Final = b"/usr/share/prometheus/alertmanager"
_DESCRIPTOR: Final = b"/proc/self/fd/9"
_WRAPPER: Final = """\
#!/bin/sh
here=$(dirname -- "$(readlink -f -- "$0")")
exec 9<"$here/../share/prometheus/alertmanager"
exec "$here/{program}" "$@"
"""
_EXECUTABLE: Final = 0o755


def relocate(tree: Path) -> None:
    """Relocate every program of an unpacked package that names Alertmanager's folder."""
    home = _DESCRIPTOR + b"/." * len(_HOME)
    # Go keeps a text's length apart from it, so the length must stay; "//" and "/." lead nowhere.
    home = home[: len(_HOME) - 1] + b"/"
    for program in sorted((tree / "usr" / "bin").glob("*")):
        content = program.read_bytes()
        if _HOME not in content:
            continue
        real = program.with_name(f"{program.name}.relocated")
        real.write_bytes(content.replace(_HOME, home))
        real.chmod(_EXECUTABLE)
        program.unlink()
        program.write_text(_WRAPPER.format(program=real.name), encoding="utf-8")
        program.chmod(_EXECUTABLE)
