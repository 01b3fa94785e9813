"""Runs a Starlette app on an address that was bound first: a taken port is one clear line."""

import argparse
import socket
import sys
from typing import Final

import uvicorn
from starlette.applications import Starlette

_LARGEST_PORT: Final = 65_535
_STOP_SECONDS: Final = 3


class BindError(Exception):
    """An address cannot be had; the message says which, and why."""


def port(text: str) -> int:
    """Return a port from the command line."""
    if text.isdecimal() and 0 < int(text) <= _LARGEST_PORT:
        return int(text)
    message = f"must be 1 to {_LARGEST_PORT}, not {text!r}"
    raise argparse.ArgumentTypeError(message)


def bound(host: str, number: int, purpose: str) -> socket.socket:
    """Return a listening socket, or raise `BindError` in one line."""
    try:
        return socket.create_server((host, number), backlog=128)
    except OSError as error:
        message = f"{purpose} cannot listen on {host}:{number}: {error.strerror}"
        raise BindError(message) from None


def serve(app: Starlette, listener: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C; the app's lifespan runs around it."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def fail(error: Exception) -> int:
    """Print the line of an error; return the exit status."""
    sys.stderr.write(f"{error}\n")
    return 1
