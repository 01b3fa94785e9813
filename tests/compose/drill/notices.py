"""Messages for the tests of what was told."""

from compose.drill.watch import Notice, Said

BREAKER = "AuthorizationBreakerOpen"


def notice(
    at: float, *said: str, name: str = BREAKER, via: str = "mail", job: str = "sightline-web"
) -> Notice:
    """A message at a moment; each word is a status, or a status and a window: `firing 1h`."""
    each = []
    for words in said:
        status, _, window = words.partition(" ")
        each.append(Said(status, name, "warning", job, window))
    return Notice(at, via, tuple(each), (), {})
