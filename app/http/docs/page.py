"""The page at `/docs`: an OpenAPI document as one HTML page, without a script or another file."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from app.http.docs.types import code, name_of, type_of
from app.http.openapi.headers import CORRELATION_ID, RATE_LIMIT

_PROBLEM: Final = "application/problem+json"
_ON_ALL: Final = frozenset((CORRELATION_ID, *RATE_LIMIT))
"""Said once, at the top."""
_CODE: Final = re.compile(r"`([^`]+)`")
_STRONG: Final = re.compile(r"\*\*([^*]+)\*\*")


@cache
def style() -> str:
    """Return the style sheet, as it stands in the page."""
    return Path(__file__).with_name("page.css").read_text()


def page(document: Mapping[str, Any]) -> str:
    """Return the page of a document."""
    info = document["info"]
    operations = [
        (method, path, about)
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    ]
    groups = {
        tag["name"]: [one for one in operations if tag["name"] in one[2]["tags"]]
        for tag in document["tags"]
    }
    schemas = document["components"]["schemas"]
    body = [
        f"<header><h1>{escape(info['title'])}</h1>{_prose(info['description'])}",
        '<p>The same for machines: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>',
        f"{_contents(groups)}</header><main>",
        *(
            f'<section><h2 id="{_anchor(tag)}">{escape(tag)}</h2>'
            + "".join(_operation(document, *one) for one in of_tag)
            + "</section>"
            for tag, of_tag in groups.items()
        ),
        '<section><h2 id="schemas">Schemas</h2>',
        *(_schema(name, schema) for name, schema in schemas.items()),
        "</section></main>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(info['title'])} API</title><style>{style()}</style></head>"
        f"<body>{''.join(body)}</body></html>"
    )


def _contents(groups: Mapping[str, Iterable[tuple[str, str, Any]]]) -> str:
    links = [f'<li><a href="#{_anchor(tag)}">{escape(tag)}</a></li>' for tag in groups]
    return f'<nav><ul>{"".join(links)}<li><a href="#schemas">Schemas</a></li></ul></nav>'


def _operation(
    document: Mapping[str, Any], method: str, path: str, about: Mapping[str, Any]
) -> str:
    refused = {
        status: answer
        for status, answer in about["responses"].items()
        if _PROBLEM in answer.get("content", {}) and len(answer["content"]) == 1
    }
    good = {key: answer for key, answer in about["responses"].items() if key not in refused}
    return "".join(
        (
            f'<details><summary><b class="{method}">{method.upper()}</b> {code(path)}',
            f"<span>{escape(about['summary'])}</span></summary>",
            f'<div id="{escape(about["operationId"])}">{_prose(about.get("description", ""))}',
            f"<p>{_who(about['security'])}</p>",
            _parameters(document, about["parameters"]),
            _body(document, method, path, about),
            "<h3>Answers</h3><table>",
            *(_answer(status, answer) for status, answer in good.items()),
            "</table><h3>Refusals</h3><table>",
            *(_answer(status, answer) for status, answer in refused.items()),
            "</table></div></details>",
        )
    )


def _who(security: Iterable[Mapping[str, list[str]]]) -> str:
    roles = dict.fromkeys(role for way in security for names in way.values() for role in names)
    if not roles:
        return "Open: no key is needed."
    return f"Takes a key with the role {' or '.join(map(code, roles))}."


def _parameters(document: Mapping[str, Any], parameters: Iterable[Mapping[str, Any]]) -> str:
    known = document["components"]["parameters"]
    rows = []
    for given in parameters:
        one = known[name] if (name := name_of(given)) else given
        default = one["schema"].get("default")
        rows.append(
            f"<tr><th>{code(one['name'])}</th><td>{one['in']}"
            f"{', required' if one.get('required') else ''}</td><td>{type_of(one['schema'])}"
            f"{'' if default is None else f', else {code(json.dumps(default))}'}."
            f" {_inline(one.get('description', ''))}</td></tr>"
        )
    return f"<h3>Parameters</h3><table>{''.join(rows)}</table>"


def _body(document: Mapping[str, Any], method: str, path: str, about: Mapping[str, Any]) -> str:
    if "requestBody" not in about:
        return ""
    content = about["requestBody"]["content"]
    kinds = "".join(
        f"<tr><th>{code(media_type)}</th><td>{type_of(one['schema'])}</td></tr>"
        for media_type, one in content.items()
    )
    example = json.dumps(content["application/json"]["example"])
    url = document["servers"][0]["url"]
    command = (
        f"curl -X {method.upper()} {url}{path} \\\n"
        f'  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\\n'
        f"  -d '{example}'"
    )
    return f"<h3>Body</h3><table>{kinds}</table><pre>{escape(command)}</pre>"


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    forms = " or ".join(
        f"{type_of(content['schema'])} ({code(media_type)})"
        for media_type, content in answer.get("content", {}).items()
    )
    headers = ", ".join(code(name) for name in answer["headers"] if name not in _ON_ALL)
    return (
        f"<tr><th>{code(status)}</th><td>{_inline(answer['description'])} {forms}"
        f"<small>{headers}</small></td></tr>"
    )


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    variants = schema.get("oneOf", [schema])
    rows = " or".join(_fields(variant) for variant in variants)
    return (
        f'<article id="schema-{escape(name)}"><h3>{escape(name.lstrip("_"))}</h3>'
        f"{_prose(schema.get('description', ''))}{rows}</article>"
    )


def _fields(schema: Mapping[str, Any]) -> str:
    if "properties" not in schema:
        return f"<p>{type_of(schema)}</p>"
    required = schema.get("required", ())
    rows = (
        f"<tr><th>{code(name)}</th><td>{'' if name in required else 'may be left out: '}"
        f"{type_of(field)}. {_inline(field.get('description', ''))}</td></tr>"
        for name, field in schema["properties"].items()
        if field.get("type") != "null"
    )
    return f"<table>{''.join(rows)}</table>"


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part)


def _inline(text: str) -> str:
    marked = _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
    return _STRONG.sub(r"<strong>\1</strong>", marked)


def _anchor(tag: str) -> str:
    return tag.lower().replace(" ", "-")
