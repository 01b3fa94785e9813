"""A client of Redis whose commands are traced: `client = traced(Redis(...), tracing, meter)`.

One CLIENT span a command and one a pipeline, named by the command and the server; keys and values
stay out, and of a failure so does its message. A blocking read that ends with nothing, or is called
off, is measured and makes no span: it says that a queue was idle. Subscriptions are not calls, and
are not traced.

`db.namespace` is the database given at connection time.
"""

import re
from asyncio import CancelledError
from collections.abc import Coroutine
from functools import lru_cache, partial
from time import perf_counter_ns, time_ns
from typing import Any, Final, TypeVar

from opentelemetry.util.types import AttributeValue
from redis.exceptions import ResponseError

from telemetry.catalog import attributes as names
from telemetry.catalog.database import BATCH_SIZE, PROCEDURE_NAME
from telemetry.database_calls import Call, DatabaseCalls, Operation, is_traced
from telemetry.metrics import Meter
from telemetry.tracing import Tracing

SYSTEM: Final = "redis"
_BLOCKING: Final = frozenset(
    ("BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP")
)
_BLOCKING_IF_ASKED: Final = frozenset(("XREAD", "XREADGROUP"))
_PROCEDURES: Final = frozenset(("EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"))
"""Of these the first argument names what is run: a function, or the digest of a script."""
_OF_TWO_WORDS: Final = frozenset(
    (
        *("ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DEBUG", "FUNCTION", "LATENCY"),
        *("MEMORY", "MODULE", "OBJECT", "PUBSUB", "SCRIPT", "SENTINEL", "SLOWLOG"),
        *("XGROUP", "XINFO"),
    )
)
_PROCEDURE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")
_OF_A_PIPELINE: Final = "of pipeline caused error: "
_PREFIX = re.compile(r"(?:\(['\"])?(?P<prefix>[A-Z]{2,32}) ")
_OPERATIONS_KEPT: Final = 512

Args = tuple[Any, ...]
Kwargs = dict[str, Any]
Coro = Coroutine[Any, Any, Any]
Foreign = Any
"""A client or pipeline of redis-py: what counts is that it has `execute_command` or `execute`."""

_Client = TypeVar("_Client")


def traced(client: _Client, tracing: Tracing, meter: Meter) -> _Client:
    """Trace and measure what is asked through a `redis.asyncio.Redis`, and return it.

    Only this client and the pipelines that it makes from now on.
    """
    foreign: Foreign = client
    calls = _ClientCalls(foreign.get_connection_kwargs(), tracing, meter)
    foreign.execute_command = partial(calls.command, foreign.execute_command)
    foreign.pipeline = partial(calls.pipeline, foreign.pipeline)
    return client


class _ClientCalls:
    """The calls of one client to one server."""

    def __init__(self, connection: Kwargs, tracing: Tracing, meter: Meter) -> None:
        self._calls = DatabaseCalls(tracing, meter, _status_of)
        self._server = _server(connection)
        self._operation = lru_cache(_OPERATIONS_KEPT)(self._new_operation)
        self._procedure = lru_cache(_OPERATIONS_KEPT)(self._new_procedure)
        self._batch = lru_cache(_OPERATIONS_KEPT)(self._new_batch)

    def command(self, call: Call, /, *args: Any, **kwargs: Any) -> Coro:  # noqa: ANN401  # passed on
        if not args or not is_traced():
            return call(*args, **kwargs)
        operation, waits = self._operation(args[0])
        if waits is None:
            operation, waits = self._by_arguments(operation, args)
        if waits:
            return self._wait(operation, call, args, kwargs)
        return self._calls.run(operation, call, args, kwargs)

    def pipeline(self, make: Foreign, /, *args: Any, **kwargs: Any) -> Foreign:  # noqa: ANN401  # passed on
        made = make(*args, **kwargs)
        made.immediate_execute_command = partial(self.command, made.immediate_execute_command)
        made.execute = partial(self._execute, made, made.execute)
        return made

    def _execute(self, pipeline: Foreign, call: Call, /, *args: Any, **kwargs: Any) -> Coro:  # noqa: ANN401  # passed on
        stack = pipeline.command_stack
        if not stack or not is_traced():
            return call(*args, **kwargs)
        if len(stack) == 1:
            ((command, _),) = stack
            operation, waits = self._operation(command[0])
            if waits is None:
                operation, _ = self._by_arguments(operation, command)
            return self._calls.run(operation, call, args, kwargs)
        commands = {command[0] for command, _ in stack}
        how = "MULTI" if pipeline.is_transaction or pipeline.explicit_transaction else "PIPELINE"
        shared = commands.pop() if len(commands) == 1 else ""
        return self._calls.run(self._batch(how, shared, len(stack)), call, args, kwargs)

    async def _wait(self, operation: Operation, call: Call, args: Args, kwargs: Kwargs) -> Foreign:
        """Await a read that waits for something to be there; without it there is no span."""
        started_at, started = time_ns(), perf_counter_ns()
        try:
            result = await call(*args, **kwargs)
        except BaseException as error:
            called_off = isinstance(error, CancelledError)
            span = None if called_off else self._calls.start(operation, started_at)
            self._calls.end(operation, span, perf_counter_ns() - started, error)
            raise
        found = self._calls.start(operation, started_at) if result else None
        self._calls.end(operation, found, perf_counter_ns() - started)
        return result

    def _new_operation(self, command: str | bytes) -> tuple[Operation, bool | None]:
        """Return a command's operation, and whether it waits; None where arguments tell more."""
        name = _name_of(command)
        known = name.upper()
        tells_more = known in _BLOCKING_IF_ASKED or known in _PROCEDURES
        waits = None if tells_more else known in _BLOCKING
        return self._named(name, self._server | {names.DB_OPERATION_NAME: name}), waits

    def _by_arguments(self, operation: Operation, args: Args) -> tuple[Operation, bool]:
        """Return the operation of a command whose arguments tell more, and whether it waits."""
        command = str(operation.attributes[names.DB_OPERATION_NAME])
        if command.upper() in _BLOCKING_IF_ASKED:
            return operation, "BLOCK" in args or b"BLOCK" in args
        called = _text_of(args[1]) if len(args) > 1 and isinstance(args[1], str | bytes) else ""
        if not _PROCEDURE.fullmatch(called):
            return operation, False
        return self._procedure(command, called), False

    def _new_procedure(self, command: str, called: str) -> Operation:
        attributes = {names.DB_OPERATION_NAME: command, PROCEDURE_NAME: called}
        return self._named(command, self._server | attributes)

    def _new_batch(self, how: str, command: str | bytes, size: int) -> Operation:
        name = f"{how} {_name_of(command)}".strip()
        attributes = self._server | {names.DB_OPERATION_NAME: name}
        attributes[BATCH_SIZE] = size
        return self._named(name, attributes)

    def _named(self, command: str, attributes: dict[str, AttributeValue]) -> Operation:
        server = self._server
        address, port = server.get(names.SERVER_ADDRESS), server.get(names.SERVER_PORT)
        target = ":".join(str(part) for part in (address, port) if part is not None)
        return self._calls.operation(f"{command} {target}".strip() or SYSTEM, attributes)


def _server(connection: Kwargs) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue] = {
        names.DB_SYSTEM_NAME: SYSTEM,
        names.DB_NAMESPACE: str(connection.get("db") or 0),
    }
    if path := connection.get("path"):
        known[names.SERVER_ADDRESS] = path
    elif host := connection.get("host"):  # a Sentinel's pool does not know it yet
        known[names.SERVER_ADDRESS] = host
        known[names.SERVER_PORT] = int(connection.get("port") or 6379)
    return known


def _name_of(command: str | bytes) -> str:
    """Return the command's words alone: redis-py takes a whole line for a command as well."""
    words = _text_of(command).split(maxsplit=2)
    length = 2 if words and words[0].upper() in _OF_TWO_WORDS else 1
    return " ".join(word for word in words[:length] if _WORD.fullmatch(word))


def _text_of(word: str | bytes) -> str:
    return word if isinstance(word, str) else bytes(word).decode("ascii", "replace")


def _status_of(error: BaseException) -> str:
    """Return the prefix of an error reply, such as `WRONGTYPE`."""
    if not isinstance(error, ResponseError):
        return ""
    if error.status_code:
        return error.status_code
    prefix = _PREFIX.match(str(error).rpartition(_OF_A_PIPELINE)[2])
    return prefix["prefix"] if prefix else ""
