"""The data stores of the bench: PostgreSQL and Valkey, each on a free port, gone at the end."""

import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from compose.native.parts.unprivileged import unprivileged
from compose.native.tools import find

_PATIENCE_SECONDS: Final = 60.0
# Both end cleanly on SIGINT; they get it too should the bench be killed.
_GUARD: Final = ("setpriv", "--pdeathsig", "INT", "--")


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of a new cluster that trusts its superuser."""
    binary = find("postgres").resolve()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder) / "run" / "data"
        data.mkdir(parents=True)
        data.chmod(0o700)
        launch = unprivileged(binary, data)
        initdb = str(binary.with_name("initdb"))
        subprocess.run(  # noqa: S603  # ours
            [
                *(*launch.prefix, initdb, "-D", str(data), "-U", "postgres"),
                *("--auth=trust", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=launch.user,
        )
        port = _free_port()
        settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")
        words = [
            *(*launch.prefix, *_GUARD, str(binary), "-D", str(data), "-p", str(port)),
            *(word for setting in settings for word in ("-c", setting)),
        ]
        probe = [str(binary.with_name("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]

        def ready() -> bool:
            return subprocess.run(probe, check=False).returncode == 0  # noqa: S603  # ours

        with _running(words, ready, launch.user):
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


@contextmanager
def valkey() -> Iterator[str]:
    """Yield the URL of a Valkey that keeps nothing on disk."""
    port = _free_port()
    words = [
        *(*_GUARD, str(find("valkey")), "--port", str(port), "--bind", "127.0.0.1"),
        *("--save", "", "--appendonly", "no"),
    ]

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with _running(words, ready, None):
        yield f"redis://127.0.0.1:{port}/0"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(words: Sequence[str], ready: Callable[[], bool], user: str | None) -> Iterator[None]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, user=user)  # noqa: S603  # ours
        try:
            until = time.monotonic() + _PATIENCE_SECONDS
            while not ready():
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise RuntimeError(log.read()[-2000:].decode(errors="replace"))
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE_SECONDS)
