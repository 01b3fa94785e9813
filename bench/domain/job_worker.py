"""One run of one queue, a process of its own: see `bench.domain.jobs`, which starts it."""

import argparse
import os
import sys
from collections.abc import Coroutine
from dataclasses import asdict
from typing import Any

import orjson
import uvloop

from bench.domain.job_engines import ENGINES, Took


def main() -> None:
    """Do the jobs; print how long they took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=sorted(ENGINES))
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--cache", required=True)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    engine = ENGINES[options.engine]
    uvloop.run(_told(engine(options.database, options.cache, options.jobs)))


async def _told(running: Coroutine[Any, Any, Took]) -> None:
    """Print how long the jobs took, and end: not every worker heeds its cancellation."""
    sys.stdout.buffer.write(orjson.dumps(asdict(await running)))
    sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
