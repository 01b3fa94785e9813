"""One field of a request's head, without making an object of all of them.

For what every request asks: Starlette's `Headers` costs several times as much a look-up, most where
the field is not there.
"""

from starlette.requests import Request


def field_of(request: Request, name: bytes, default: str = "") -> str:
    """Return the first field of that name, in lower case as ASGI has it, or the default."""
    for found, value in request.scope["headers"]:
        if found == name:
            text: str = value.decode("latin-1")
            return text
    return default
