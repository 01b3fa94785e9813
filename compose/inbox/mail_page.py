"""The received mails on a page: everything in them is shown as text, nothing is run or loaded."""

from html import escape
from typing import Final

from compose.inbox.letters import Letter

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_STYLE: Final = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{white-space:pre-wrap;background:#f4f4f4;padding:1rem}summary{cursor:pointer}"
)


def page(letters: list[Letter]) -> str:
    """Return the page, the newest mail first."""
    mails = "".join(map(_mail, reversed(letters))) or "<p>No mail yet.</p>"
    head = f"<meta charset=utf-8><title>Mails</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang=en>{head}<h1>Mails: {len(letters)}</h1>{mails}</html>"


def _mail(letter: Letter) -> str:
    moment = f"{letter.received:%H:%M:%S}"
    to = ", ".join(letter.recipients)
    headers = "\n".join(f"{name}: {value}" for name, value in letter.message.items())
    return (
        f"<details><summary>{moment} <b>{escape(letter.subject)}</b> to {escape(to)}</summary>"
        f"<pre>{escape(headers)}</pre><pre>{escape(letter.text)}</pre></details>"
    )
