"""How PostgreSQL, which refuses to run as root, is run by root.

First choice is a user namespace: inside it the process has another user ID, outside it is still
root's, so it reads a data folder under /root and no account is needed. Where the machine forbids
namespaces: the account `nobody`, if that can reach the binary and the data.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from compose.native.errors import RunError

_ID: Final = "1000"
_ACCOUNT: Final = "nobody"


@dataclass(frozen=True)
class Launch:
    """Words before the command, and the account to change to."""

    prefix: tuple[str, ...] = ()
    user: str | None = None


def unprivileged(binary: Path, *files: Path) -> Launch:
    """Return how to run `binary` without being root; it shall own `files`, which are there.

    Raises `RunError` when there is no way.
    """
    if os.geteuid() != 0:
        return Launch()
    return in_namespace() or as_nobody(binary, *files) or _refuse()


def in_namespace() -> Launch | None:
    """Return the launch by user namespace, if this machine allows it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    prefix = (unshare, "--user", f"--map-user={_ID}", f"--map-group={_ID}", "--")
    return Launch(prefix=prefix) if _succeeds((*prefix, "true")) else None


def as_nobody(binary: Path, *files: Path) -> Launch | None:
    """Return the launch as `nobody`, if that account reaches the binary and its files."""
    try:
        account = pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return None
    for file in files:
        os.chown(file, account.pw_uid, account.pw_gid)
        # The two folders of the run above it: to pass through, not to list.
        file.parent.chmod(0o711)
        file.parent.parent.chmod(0o711)
    if not _succeeds((str(binary), "--version"), user=_ACCOUNT):
        return None
    reachable = all(_succeeds(("test", "-r", str(file)), user=_ACCOUNT) for file in files)
    return Launch(user=_ACCOUNT) if reachable else None


def _refuse() -> Launch:
    message = (
        "PostgreSQL refuses to run as root, and this machine offers neither user namespaces "
        f"(unshare --user) nor an account {_ACCOUNT!r} that reaches its files: "
        "run as an ordinary user"
    )
    raise RunError(message)


def _succeeds(command: tuple[str, ...], user: str | None = None) -> bool:
    try:
        result = subprocess.run(  # noqa: S603  # our own words, no shell
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
        )
    except OSError:
        return False
    return result.returncode == 0
