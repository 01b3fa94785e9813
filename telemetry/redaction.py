"""What must not leave the process, taken out before a signal is made, and once more at its end.

Secrets and names of persons: in URLs, in queries, in what a client says of itself, in the messages
of exceptions. What stays are keys, classes and the values that can name nobody, so that a line
still says what happened. `docs/decisions/redaction.md` has the rules and their price.
"""

import re
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from telemetry.catalog import attributes
from telemetry.sql import describe

REDACTED: Final = "REDACTED"
HIDDEN_PATH: Final = f"/{REDACTED}"
"""The `url.path` of a request that matched no route: all of it is the client's text."""

MAX_QUERY: Final = 1024
_MAX_CLIENT: Final = 1024
_MAX_STACKTRACE: Final = 16_384
_MAX_FRAMES: Final = 128
_BETWEEN: Final = "\nduring:\n"

_TELLING: Final = (
    "token|passw|passphrase|passcode|secret|credential|signature|session|jwt|"
    "api[_-]?key|access[_-]?key|authori[sz]ation"
)
"""Parts of a key that speak of secrets wherever they stand in it."""
_SHORT: Final = "sig|auth|pass|pwd|otp|pin|cvv|cvc|csc|mfa|ssn"
"""Those that many a harmless word contains: they end a key, or one of its words."""
_GUARDED_KEY = re.compile(
    rf"{_TELLING}|(?:{_SHORT}|key|code)(?:id)?[0-9]*(?-i:(?![a-z]))|^x-(?:amz|goog)-",
    re.IGNORECASE,
)
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,31}")
_NAMES_NOBODY = re.compile(r"[0-9]{1,4}|true|false|asc|desc", re.IGNORECASE)
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)"
    r"(?P<user>[^/?#]*@)?"
    r"(?P<host>(?:\[[0-9A-Fa-f:.]*\]|[^\s:/?#@\[\]]*)(?::[0-9]*)?)"
    r"(?P<path>/[^?#]*)?"
    r"(?:\?(?P<query>[^#]*))?"
    r"(?P<fragment>\#.*)?",
    re.DOTALL,
)
_CREDENTIALS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"://[^/\s@]+@"), f"://{REDACTED}:{REDACTED}@"),
    (
        re.compile(r"\b(bearer|basic|digest|negotiate)\s+[^\s,;)]+", re.IGNORECASE),
        rf"\1 {REDACTED}",
    ),
    (
        re.compile(
            rf"((?:(?:{_TELLING})[\w.-]{{0,32}}|(?:{_SHORT})[0-9]{{0,4}})\s*[=:]\s*)[^\s,;&)]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    # An e-mail address, and what has more parts of the kind.
    (
        re.compile(r"(?<![^\s@<>()\"',;:/])[^\s@<>()\"',;:/]+(?:@[^\s@<>()\"',;:/]+)+"),
        REDACTED,
    ),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"), REDACTED),  # a JSON web token
    (
        re.compile(
            r"\b(?:AKIA|ASIA|AIza|gh[opsur]_|github_pat_|glpat-|npm_|pypi-|sk-|sk_|xox[a-z]-)[\w-]{8,}"
        ),
        REDACTED,
    ),
    (
        re.compile(r"(?<![\w+=-])(?=[\w+=-]{32})(?=[\w+/=-]*[0-9])(?=[\w+/=-]*[A-Za-z])[\w+=-]+"),
        REDACTED,
    ),
)
"""None begins with a repeat, unless a look back says that it is the first character of its kind:
tried anew from each character of a long word, it would cost the square of a hostile header."""


def redact_query(query: bytes | str) -> str:
    """Return a URL query without what may be a secret or a person, cut at 1,024 characters.

    Keys stay. Values stay if they can be neither: up to four digits, true and false, asc and desc,
    under a key that does not speak of secrets. Text that is no `key=value` is a value.
    """
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    return "&".join(map(_redact_pair, text[:MAX_QUERY].split("&")))[:MAX_QUERY]


def _redact_pair(pair: str) -> str:
    key, equals, value = pair.partition("=")
    if not equals:
        return REDACTED if pair else ""
    if not _PLAIN_KEY.fullmatch(key):
        return f"{REDACTED}={REDACTED}"
    kept = _NAMES_NOBODY.fullmatch(value) and not _GUARDED_KEY.search(key)
    return pair if kept or not value else f"{key}={REDACTED}"


def redact_url(url: str) -> str:
    """Return a URL without its user, password and fragment, its query redacted; the path stays.

    What does not read as a URL of an authority is hidden but for its scheme.
    """
    match = _URL.fullmatch(url)
    if match is None:
        scheme, separator, _ = url.partition("://")
        return f"{scheme}://{REDACTED}" if separator and scheme.isalnum() else REDACTED
    user = f"{REDACTED}:{REDACTED}@" if match["user"] else ""
    query = "" if match["query"] is None else f"?{redact_query(match['query'])}"
    fragment = f"#{REDACTED}" if match["fragment"] else ""
    return f"{match['scheme']}{user}{match['host']}{match['path'] or ''}{query}{fragment}"


def mask_credentials(text: str) -> str:
    """Return a client's words about itself without what looks like a credential or an address.

    They are cut at 1,024 characters.
    """
    text = text[:_MAX_CLIENT]
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    return text[:_MAX_CLIENT]


def _without_literals(statement: str) -> str:
    return describe(statement).text


MASKS: Final[Mapping[str, Callable[[str], str]]] = {
    attributes.URL_FULL: redact_url,
    attributes.URL_QUERY: redact_query,
    attributes.USER_AGENT_ORIGINAL: mask_credentials,
    attributes.DB_QUERY_TEXT: _without_literals,
}
"""Attributes whose values are cleaned whoever set them. Cleaning twice changes nothing."""


def clean(name: str, value: Any) -> Any:  # noqa: ANN401  # an attribute's value, and the same kind back
    """Return an attribute's value as it may leave."""
    mask = MASKS.get(name)
    if mask is None:
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list | tuple):
        return [mask(item) if isinstance(item, str) else item for item in value]
    return value


def describe_exception(error: BaseException) -> str:
    """Return the stack of an exception and of its causes: frames and classes, no messages.

    At most 16,384 characters: of a long stack the end, of many exceptions the first.
    """
    parts: list[str] = []
    room = _MAX_STACKTRACE
    seen: set[int] = set()
    waiting: deque[BaseException | None] = deque((error,))
    while waiting and room > 0:
        current = waiting.popleft()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__, -_MAX_FRAMES))
        kind = f"{type(current).__module__}.{type(current).__qualname__}"
        parts.append(f"{frames}{kind}"[-room:])
        room -= len(parts[-1]) + len(_BETWEEN)
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.append(
            current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        )
    return _BETWEEN.join(parts)
