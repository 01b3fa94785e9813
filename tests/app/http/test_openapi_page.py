"""The page at /docs: everything of the document, nothing from elsewhere, no script."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest


class Reader(HTMLParser):
    """Collects what a page has, and whether its elements close as they opened."""

    void = frozenset(("meta",))

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag not in self.void:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src"}:
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
async def answer(stranger: httpx.AsyncClient) -> httpx.Response:
    response = await stranger.get("/docs")
    assert response.status_code == 200
    return response


def read(answer: httpx.Response) -> Reader:
    reader = Reader()
    reader.feed(answer.text)
    reader.close()
    assert reader.open == []
    return reader


def test_its_policy_allows_its_own_style_only(answer: httpx.Response) -> None:
    assert answer.headers["content-type"].startswith("text/html")
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    assert answer.headers.get_list("content-security-policy") == [policy]
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_it_loads_nothing_and_runs_nothing(answer: httpx.Response) -> None:
    reader = read(answer)
    assert reader.names.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert "style" not in reader.attributes
    assert not any(name.startswith("on") for name in reader.attributes)


def test_every_link_leads_somewhere(answer: httpx.Response) -> None:
    reader = read(answer)
    assert len(set(reader.ids)) == len(reader.ids)
    inner = {link[1:] for link in reader.links if link.startswith("#")}
    assert inner <= set(reader.ids)
    assert {link for link in reader.links if not link.startswith("#")} == {"/openapi.json"}


async def test_it_shows_every_operation_and_schema(
    answer: httpx.Response, stranger: httpx.AsyncClient
) -> None:
    document: dict[str, Any] = (await stranger.get("/openapi.json")).json()
    ids = set(read(answer).ids)
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in answer.text
        assert {about["operationId"] for about in methods.values()} <= ids
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= ids
