"""Imports over HTTP: `POST /imports`, `GET /imports/{task_id}` and its `/rejects`.

A CSV or NDJSON body is the file itself, with its kind in the query; a JSON body names a file of
the import folder. Either way 202 means that the import is on record and will be run.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import StringConstraints
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from app.batches.kinds import KINDS, MAX_RECORD_BYTES, HeaderError
from app.batches.ledger import Ledger, Origin, Request
from app.batches.portions import Format, header
from app.batches.sources import FileSource, SourceError, fingerprint
from app.batches.uploads import received
from app.errors import InvalidFields, NotFound, UnsupportedMediaType
from app.http.authentication import actor_of
from app.http.bodies import Body, read_body
from app.http.responses import JsonResponse

_HEAD_BYTES: Final = MAX_RECORD_BYTES + 3
_MAX_LIMIT: Final = 500
_DEFAULT_LIMIT: Final = 100
_FORMATS: Final = {
    "text/csv": Format.CSV,
    "application/x-ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
}
_JSON: Final = "application/json"
_NO_FILE: Final = "There is no such file in the import folder"


class Reference(Body):
    """A file of the import folder."""

    kind: Literal["users", "groups", "memberships", "parents", "grants"]
    format: Literal["csv", "ndjson"]
    path: Annotated[str, StringConstraints(min_length=1, max_length=512)]


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """The longest upload in bytes, and the folder whose files may be named, if any."""

    max_bytes: int
    folder: Path | None


def routes(ledger: Ledger, limits: ImportLimits) -> list[Route]:
    """Return the routes of imports; they want an authenticated caller."""
    handlers = _Handlers(ledger, limits)
    return [
        Route("/imports", handlers.accept, methods=["POST"]),
        Route("/imports/{task_id}", handlers.show, methods=["GET"]),
        Route("/imports/{task_id}/rejects", handlers.rejects, methods=["GET"]),
    ]


class _Handlers:
    def __init__(self, ledger: Ledger, limits: ImportLimits) -> None:
        self._ledger = ledger
        self._limits = limits

    async def accept(self, request: HttpRequest) -> Response:
        """Answer `POST /imports`."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        again = _flag(request, "again")
        if request.query_params.get("kind", "users") not in KINDS:
            raise _wrong_kind()  # with a JSON body as well, which has its own
        if media_type == _JSON:
            task_id = await self._accept_reference(request, again=again)
        elif (
            media_type in _FORMATS
            and request.headers.get("content-encoding", "identity") == "identity"
        ):
            task_id = await self._accept_upload(request, _FORMATS[media_type], again=again)
        else:
            message = f"The file is sent as one of {', '.join(_FORMATS)}, or named in {_JSON}."
            raise UnsupportedMediaType(message)
        url = f"{request.scope.get('root_path', '')}/imports/{task_id}"
        return JsonResponse(
            {"task_id": str(task_id), "status_url": url}, HTTPStatus.ACCEPTED, {"Location": url}
        )

    async def _accept_upload(self, request: HttpRequest, format_: Format, *, again: bool) -> UUID:
        kind = request.query_params.get("kind")
        if kind is None:
            raise _wrong_kind()
        async with received(request, self._limits.max_bytes) as upload:
            _check_header(await upload.head(_HEAD_BYTES), kind, format_)
            wanted = Request(
                kind=kind,
                format=format_,
                origin=Origin.UPLOAD,
                path=None,
                file_hash=upload.file_hash,
                size=upload.size,
                requested_by=actor_of(request),
            )
            return await self._ledger.accept(wanted, upload.pieces(), again=again)

    async def _accept_reference(self, request: HttpRequest, *, again: bool) -> UUID:
        named = await read_body(request, Reference)
        path, relative = self._within_folder(named.path)
        format_ = Format(named.format)
        try:
            file_hash, size = await fingerprint(path)
            head = await FileSource(path, size).read(0, _HEAD_BYTES)
        except SourceError:
            raise _invalid(path=_NO_FILE) from None
        _check_header(head, named.kind, format_)
        wanted = Request(
            kind=named.kind,
            format=format_,
            origin=Origin.REFERENCE,
            path=relative,
            file_hash=file_hash,
            size=size,
            requested_by=actor_of(request),
        )
        return await self._ledger.accept(wanted, None, again=again)

    def _within_folder(self, named: str) -> tuple[Path, str]:
        """Return the path and what it is relative to the folder, links followed."""
        missing = _invalid(path=_NO_FILE)
        if self._limits.folder is None or "\x00" in named:
            raise missing
        folder = self._limits.folder.resolve()
        try:
            path = (folder / named).resolve()
            is_there = path.is_relative_to(folder) and path.is_file()
        except (OSError, RuntimeError):  # a name too long for the file system; links in a circle
            raise missing from None
        if not is_there:
            raise missing
        return path, str(path.relative_to(folder))

    async def show(self, request: HttpRequest) -> Response:
        """Answer `GET /imports/{task_id}`."""
        _, status = await self._known(request)
        return JsonResponse(status)

    async def rejects(self, request: HttpRequest) -> Response:
        """Answer `GET /imports/{task_id}/rejects`."""
        task_id, _ = await self._known(request)
        page = await self._ledger.rejects(task_id, _cursor(request), _limit(request))
        following = None if page.next_line is None else _as_cursor(page.next_line)
        return JsonResponse({"items": page.items, "next_cursor": following})

    async def _known(self, request: HttpRequest) -> tuple[UUID, dict[str, object]]:
        # The same for another's import: whether it exists is no business of this caller.
        missing = NotFound("There is no such import.")
        try:
            task_id = UUID(request.path_params["task_id"])
        except ValueError:
            raise missing from None
        status = await self._ledger.status(task_id, actor_of(request))
        if status is None:
            raise missing
        return task_id, status


def _check_header(head: bytes, kind: str, format_: Format) -> None:
    try:
        header(head, KINDS[kind], format_)
    except HeaderError as error:
        raise _invalid(header=str(error)) from None


def _flag(request: HttpRequest, name: str) -> bool:
    sent = request.query_params.get(name, "false")
    if sent not in {"true", "false"}:
        raise _invalid(**{name: "true or false"})
    return sent == "true"


def _limit(request: HttpRequest) -> int:
    sent = request.query_params.get("limit", str(_DEFAULT_LIMIT))
    limit = int(sent) if sent.isascii() and sent.isdecimal() and len(sent) <= len("500") else 0
    if not 1 <= limit <= _MAX_LIMIT:
        raise _invalid(limit=f"From 1 to {_MAX_LIMIT}")
    return limit


def _as_cursor(line: int) -> str:
    return urlsafe_b64encode(str(line).encode()).decode().rstrip("=")


def _cursor(request: HttpRequest) -> int:
    sent = request.query_params.get("cursor")
    if sent is None:
        return 0
    try:
        line = int(urlsafe_b64decode(sent + "=" * (-len(sent) % 4)))
    except ValueError:
        line = -1
    if not 0 <= line < 2**63 or _as_cursor(line) != sent:
        raise _invalid(cursor="Not a cursor of this listing")
    return line


def _wrong_kind() -> InvalidFields:
    return _invalid(kind=f"One of {', '.join(KINDS)}")


def _invalid(**fields: str) -> InvalidFields:
    return InvalidFields([{"field": field, "message": why} for field, why in fields.items()])
