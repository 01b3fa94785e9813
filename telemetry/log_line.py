"""The bound of a log line: one that is too long loses text, not its place or its IDs.

Called by the log writer for such a line alone. What reads the lines has bounds of its own (16 KiB
in Docker, 256 KiB in Loki): a line past them would be split or refused there, and lead nowhere.
"""

from typing import Any, Final

import orjson

MAX_LINE_BYTES: Final = 32 * 1024
"""What a line may have, newline included; an exception with its longest stack fits."""

_MAX_TEXT: Final = 1024
_MAX_FIELDS: Final = 16
_CUT: Final = "…"


def shortened(line: bytes) -> bytes:
    """Return a line of at most `MAX_LINE_BYTES`, newline included; never raises.

    Of JSON, each text is cut at 1,024 characters, what is nested goes, and of more than 16 fields
    the first stay: timestamp, level, event and IDs stand there. Other text is cut at its end.
    """
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if isinstance(fields, dict):
        kept = {_cut(name): _cut(value) for name, value in tuple(fields.items())[:_MAX_FIELDS]}
        short = orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE)
        if len(short) <= MAX_LINE_BYTES:
            return short
    text = line[: MAX_LINE_BYTES - 8].decode(errors="ignore").replace("\n", " ")
    return f"{text}{_CUT}\n".encode()


def _cut(value: Any) -> Any:  # noqa: ANN401  # a value of JSON, and the same kind back
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else value[:_MAX_TEXT] + _CUT
    return _CUT if isinstance(value, dict | list) else value
