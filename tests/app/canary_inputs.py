"""Every input that a client has, with a secret in it."""

from typing import Any

import httpx

from tests.app.canary import Canaries, raw_request

CORRELATION_ID = "canary.case-1"


async def plant(planted: Canaries, port: int) -> None:
    """Put a secret into everything that a client can say to the service at `port`."""
    base = f"http://127.0.0.1:{port}"
    authorized = {"authorization": f"Bearer {planted['key']}", "x-correlation-id": CORRELATION_ID}
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:

        async def ask(status: int, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401  # httpx's
            answer = await client.request(method, path, **more)
            assert answer.status_code == status, (method, path, answer.text)
            return answer

        await ask(404, "GET", f"/{planted['path']}/{planted['path']}")
        await ask(404, "GET", f"/livez;{planted['path parameter']}")
        await ask(404, "GET", f"/reports/{planted['path segment']}", headers=authorized)
        await ask(405, "PUT", f"/livez?{planted['query']}")
        for key in ("token", "user", "X-Amz-Signature", "page"):
            await ask(200, "GET", f"/livez?a=1&{key}={planted[f'query {key}']}&{planted['query']}")
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        for name, value in hostile_headers(planted):
            more = {"traceparent": parent} if name == "tracestate" else {}
            await ask(200, "GET", "/livez", headers={name: value, **more})
        await ask(401, "POST", "/grants", headers={"authorization": f"Bearer {planted['no key']}"})
        await ask(401, "POST", "/grants", headers={"x-api-key": planted["no key"]})
        await ask(401, "POST", "/grants", headers={"authorization": f"Basic {planted['basic']}"})

        client.headers.update(authorized)
        asked = {name: planted[name] for name in ("user", "resource", "action")}
        await ask(200, "POST", "/permissions/check", json=asked)
        await ask(201, "POST", "/grants", json=asked)
        await ask(200, "POST", "/permissions/check", json=asked)
        await ask(
            200,
            "POST",
            "/access/v1/evaluation",
            json={
                "subject": {
                    "type": "user",
                    "id": planted["subject"],
                    "properties": {planted["property"]: planted["property"]},
                },
                "resource": {"type": planted["type"], "id": planted["resource"]},
                "action": {"name": planted["action"]},
                "context": {planted["context"]: planted["context"]},
            },
        )
        await ask(422, "POST", "/grants", json=asked | {planted["field"]: planted["field"]})
        await ask(422, "POST", "/grants", json=asked | {"user": [planted["wrong type"]]})
        for body in ('{"user": "%s"', "%s", '{"%s\\ud800": 1}', '{"user": "\\u0000%s"}'):
            answer = await client.post(
                "/grants",
                content=body % planted["malformed"],
                headers={"content-type": "application/json"},
            )
            assert answer.status_code in {400, 422}
        await ask(
            415, "POST", "/grants", content=b"", headers={"content-type": planted["media type"]}
        )
        await ask(
            400,
            "POST",
            "/reports",
            json={"recipient": "a@b.example"},
            headers={"idempotency-key": f"{planted['bad idempotency key']} x"},
        )
        # Failures that nobody expects, whose messages quote what they failed on.
        boom = {"user": planted["boom user"], "resource": planted["boom resource"]}
        await ask(500, "POST", "/grants", json=boom | {"action": "boom"})
        for recipient, user in (
            (f"{planted['recipient']}@mail.example", planted["user"]),
            (f"refused.{planted['refused']}@mail.example", planted["user"]),
            (f"{planted['boom recipient']}@mail.example", planted["boom user"]),
        ):
            await ask(
                202,
                "POST",
                "/reports",
                json={"recipient": recipient, "user": user},
                headers={"idempotency-key": planted[f"key for {recipient}"]},
            )
    await raw_request(port, f"{planted['method']} /{planted['raw path']} HTTP/1.1\r\n\r\n")
    await raw_request(
        port,
        f"GET http://u:{planted['absolute form']}@h/livez HTTP/1.1\r\n"
        f"Host: u:{planted['host']}@h\r\nConnection: close\r\n\r\n",
    )


def hostile_headers(planted: Canaries) -> list[tuple[str, str]]:
    agent, state = planted["user agent"], planted["tracestate"]
    return [
        ("cookie", f"session={planted['cookie']}"),
        ("referer", f"https://u:{planted['referer']}@h/?token={planted['referer']}"),
        ("x-forwarded-for", planted["forwarded"]),
        ("forwarded", f"for={planted['forwarded']};host={planted['forwarded']}"),
        ("baggage", f"user={planted['baggage']},{planted['baggage']}=1"),
        ("traceparent", f"00-{planted['traceparent']}-b7ad6b7169203331-01"),
        ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01-{planted['traceparent']}"),
        ("x-correlation-id", f"{planted['correlation ID']} with spaces"),
        ("x-correlation-id", f"{planted['correlation ID']}{'x' * 64}"),
        ("x-request-id", f"{planted['request ID']}@mail.example"),
        ("x-anything", planted["header"]),
        (planted["header name"], "1"),
        *(
            ("user-agent", f"agent/1 {text}")
            for text in (
                f"Bearer {agent}",
                f"(api_key={agent})",
                f"({agent}@mail.example)",
                f"(+https://u:{agent}@h/)",
                f"eyJ{agent}.{agent}.{agent}",
            )
        ),
        ("host", f"u:{planted['host']}@h"),
        ("host", f"ghp_{planted['host']}.example"),
        ("tracestate", f"vendor={state},ot=x:{state};th:c"),
    ]
