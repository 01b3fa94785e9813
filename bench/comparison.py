"""`python -m bench.comparison`: every known defect, against the stock packages and against ours.

Runs in the bench's environment, where the stock packages are. Prints a table a group; `--write`
puts it into docs/telemetry/comparison.md. Each case runs anew: nothing on the page is remembered.
"""

import argparse
import asyncio
import importlib.metadata
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import stores as servers
from bench.defects import answers, ours, outages, postgres, requests, valkey
from bench.defects.model import Case, Maker, Seen

PAGE: Final = Path("docs/telemetry/comparison.md")
STOCK: Final = (
    "opentelemetry-instrumentation-starlette",
    "opentelemetry-instrumentation-asyncpg",
    "opentelemetry-instrumentation-redis",
    "opentelemetry-sdk",
    "starlette_exporter",
    "asgi-correlation-id",
    "structlog",
    "prometheus_client",
)
_BESIDE: Final = ("starlette", "uvicorn", "asyncpg", "redis")

_HEAD: Final = """# Ours and the stock packages, case by case

Written by `python -m bench.comparison --write` in the bench's environment, which `make bench` sets
up. It runs every case against both and shows what it saw: "ok" where that is what is expected.

A case is something that went wrong somewhere once, so the list is no sample of what these packages
do: most of that is fine and not listed, and ours stands on some of them. What is not "ok" may be a
choice: the stock packages serve many frameworks and backends, and keep old behaviour for those who
rely on it, where ours knows Starlette only. Some of it can be changed by a setting or a hook.

The stock stack is set up as its packages' documentation shows, with the new semantic conventions
asked for (`OTEL_SEMCONV_STABILITY_OPT_IN=http,database`) and all else at its default. So is ours;
its pool of connections is this repository's (`app/database/pool.py`), since no library sees a wait
for somebody's pool. Ratios of sampling are set alike for both where a case names them.

Nothing here is about speed: that is `make bench`.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A case and what it showed."""

    case: Case
    stock: Seen
    ours: Seen


@contextmanager
def groups() -> Iterator[Mapping[str, Sequence[Case]]]:
    """Yield all cases by group, with the data stores that they need running."""
    with ExitStack() as stack:
        database = stack.enter_context(servers.postgres())
        cache = stack.enter_context(servers.valkey())
        yield {
            "What is recorded of a request": requests.CASES,
            "How a request ends": answers.CASES,
            "PostgreSQL": postgres.cases(database),
            "Redis": valkey.cases(cache),
            "What telemetry depends on": outages.CASES,
        }


def see(case: Case, make: Maker) -> Seen:
    """Run one case; what it raises is what it shows."""
    try:
        return asyncio.run(case.look(make))  # type: ignore[arg-type]  # a coroutine function
    except Exception as error:  # noqa: BLE001  # any failure of a stack is a finding, not ours to handle
        return Seen(ok=False, text=f"{type(error).__name__}: {error}"[:80])


def page(tables: Mapping[str, Sequence[Row]]) -> str:
    """Return the page."""
    rows = [row for table in tables.values() for row in table]
    fine = {"stock": sum(row.stock.ok for row in rows), "ours": sum(row.ours.ok for row in rows)}
    parts = [_HEAD, f"Of {len(rows)} cases: stock {fine['stock']} ok, ours {fine['ours']} ok.\n"]
    for title, table in tables.items():
        parts.append(f"## {title}\n\n| case | expected | stock | ours |\n|---|---|---|---|")
        parts[-1] += "".join(
            f"\n| {_cell(row.case.what)} | {_cell(row.case.expected)} "
            f"| {_shown(row.stock)} | {_shown(row.ours)} |"
            for row in table
        )
        parts[-1] += "\n"
    versions = (f"{name} {importlib.metadata.version(name)}" for name in (*STOCK, *_BESIDE))
    parts.append(f"## Versions\n\n{', '.join(versions)}, Python {sys.version.split()[0]}.\n")
    return "\n".join(parts)


def _shown(seen: Seen) -> str:
    return "ok" if seen.ok else f"**{_cell(seen.text)}**"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Run all, print the page; 1 where ours shows anything but what is expected."""
    parser = argparse.ArgumentParser(prog="python -m bench.comparison")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    parser.add_argument("only", nargs="*", help="words of the cases to run")
    options = parser.parse_args()
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = (
        "http,database"  # read by the stock's first import
    )
    from bench.defects import stock  # noqa: PLC0415  # only this environment has its packages

    tables: dict[str, list[Row]] = {}
    logging.disable()  # what either stack logs of the faults is no part of the page
    with groups() as known:
        for title, cases in known.items():
            for case in cases:
                if options.only and not any(word in case.what for word in options.only):
                    continue
                row = Row(case, see(case, stock.make), see(case, ours.make))
                tables.setdefault(title, []).append(row)
                sys.stderr.write(f"{case.what}\n")
    text = page(tables)
    if options.write:
        PAGE.write_text(text)
    sys.stdout.write(text)
    return int(any(not row.ours.ok for rows in tables.values() for row in rows))


if __name__ == "__main__":
    sys.exit(main())
