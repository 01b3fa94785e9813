"""PostgreSQL: made new for each run, on TCP at 127.0.0.1 only, with a password of the run's own."""

import signal
from typing import Final

from compose.native.part import Part
from compose.native.parts.unprivileged import unprivileged
from compose.native.plan import Plan
from compose.native.ports import HOST
from compose.native.readiness import sql_answers
from compose.native.tools import Tools

_OWNER: Final = "sightline"


def postgres(plan: Plan, tools: Tools) -> tuple[Part, ...]:
    """Return the parts that make the data folder, serve it, and create the service's database."""
    binaries = tools.find("postgres").resolve().parent
    data = plan.folder.data / "postgres"
    data.mkdir(mode=0o700)
    password = plan.folder.config / "postgres-password"
    password.write_text(plan.database_password + "\n", encoding="utf-8")
    password.chmod(0o600)
    launch = unprivileged(binaries / "postgres", data, password)

    initdb = Part(
        name="initdb",
        command=(
            *launch.prefix,
            str(binaries / "initdb"),
            f"--pgdata={data}",
            f"--username={_OWNER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",  # a crash of the machine may cost a run its start
        ),
        ready=None,
        user=launch.user,
    )
    server = Part(
        name="postgres",
        command=(
            *launch.prefix,
            str(binaries / "postgres"),
            "-D",
            str(data),
            *_options(plan),
        ),
        ready=sql_answers(plan.maintenance_url),
        needs=("initdb",),
        user=launch.user,
        stop=signal.SIGINT,  # PostgreSQL's fast shutdown: it waits for no client
    )
    database = Part(
        name="createdb",
        command=(str(binaries / "createdb"), "--no-password", _OWNER),
        environment={
            "PGHOST": HOST,
            "PGPORT": str(plan.ports.postgres),
            "PGUSER": _OWNER,
            "PGPASSWORD": plan.database_password,
        },
        ready=None,
        needs=("postgres",),
    )
    return initdb, server, database


def _options(plan: Plan) -> list[str]:
    settings = {
        "listen_addresses": HOST,
        "port": plan.ports.postgres,
        "unix_socket_directories": "",
        "shared_buffers": "128MB",
        "max_connections": 50,
    }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
