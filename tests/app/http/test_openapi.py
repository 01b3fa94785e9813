"""The description: whole, valid by the official schema, and true of the routes."""

import json
import re
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from app.bootstrap import Service
from app.http.openapi.document import OPERATIONS, operations_of

EXTENSIONS = {"400", "408", "431", "500", "503"}


def described(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): about
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    }


def served(service: Service) -> list[tuple[str, Route]]:
    return list(operations_of(one for one in service.app.routes if isinstance(one, Route)))


@pytest.fixture
async def document(stranger: httpx.AsyncClient) -> dict[str, Any]:
    response = await stranger.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    answered: dict[str, Any] = response.json()
    return answered


def test_it_is_valid_by_the_official_schema(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


async def test_every_route_is_described_and_nothing_else(
    service: Service, document: dict[str, Any]
) -> None:
    routes = {(method, route.path) for method, route in served(service)}
    assert len(service.app.routes) == len({*map(id, service.app.routes)})
    assert all(isinstance(route, Route) for route in service.app.routes)
    assert routes - described(document).keys() == set(), "describe them in app/http/openapi"
    assert OPERATIONS.keys() - routes == set(), "these are gone"


def test_every_operation_says_how_it_can_end(document: dict[str, Any]) -> None:
    ids = [about["operationId"] for about in described(document).values()]
    assert len(set(ids)) == len(ids)
    for name, about in described(document).items():
        statuses = about["responses"].keys()
        assert about["summary"], name
        assert about["tags"], name
        assert any(status < "300" for status in statuses), name
        assert statuses >= EXTENSIONS, name
        if about["security"]:
            assert statuses >= {"401", "403", "429"}, name
        if "requestBody" in about:
            assert "413" in statuses, name
            assert about["requestBody"]["content"]["application/json"]["example"], name
        for status, answer in about["responses"].items():
            assert answer["description"], (name, status)
            assert "X-Correlation-ID" in answer["headers"], (name, status)
            if status in {"429", "503"}:
                assert "Retry-After" in answer["headers"], (name, status)


async def test_whoever_is_let_in_is_whom_the_document_names(
    service: Service, document: dict[str, Any], stranger: httpx.AsyncClient
) -> None:
    for (method, path), about in described(document).items():
        response = await stranger.request(method, re.sub(r"\{\w+\}", "x", path))
        assert (response.status_code == 401) == bool(about["security"]), path


def test_roles_are_those_of_the_gate(document: dict[str, Any]) -> None:
    def roles(path: str) -> set[str]:
        security = document["paths"][path]["post" if "permissions" in path else "get"]["security"]
        return {role for way in security for names in way.values() for role in names}

    assert roles("/audit") == {"audit"}
    assert roles("/grants") == {"manage"}
    assert roles("/permissions/check") == {"check"}
    assert roles("/permissions/explain") == {"manage", "audit"}


async def test_a_method_that_is_not_there_is_told_all_that_are(client: httpx.AsyncClient) -> None:
    response = await client.put("/reports")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


async def test_every_example_is_a_good_request(
    client: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    await client.post(
        "/grants",
        json=document["paths"]["/grants"]["post"]["requestBody"]["content"]["application/json"][
            "example"
        ],
    )
    refused = {}
    for (method, path), about in sorted(described(document).items(), reverse=True):
        for media_type, content in about.get("requestBody", {}).get("content", {}).items():
            if "example" in content:
                body = json.dumps(content["example"])
            else:
                body = content["schema"]["examples"][0]
            query = {"kind": "grants" if "csv" in media_type else "memberships"}
            response = await client.request(
                method, path, content=body, headers={"Content-Type": media_type}, params=query
            )
            if not response.is_success:
                refused[path, media_type] = response.json()
    # The service of these tests has no folder for imports.
    assert set(refused) == {("/imports", "application/json")}, refused
    assert [error["field"] for error in refused["/imports", "application/json"]["errors"]] == [
        "path"
    ]


def test_a_resources_type_has_no_colon_in_the_document_either(document: dict[str, Any]) -> None:
    pattern = document["components"]["schemas"]["_Resource"]["properties"]["type"]["pattern"]
    assert re.search(pattern, "account")
    assert not re.search(pattern, "account:7")
    assert not re.search(pattern, "acc\nount")
