"""What `up` prints when all is ready: where everything is, and with which key."""

from rich.console import Console
from rich.table import Table

from compose.native.run import Platform

_MEANINGS = {
    "web": "the service",
    "web_metrics": "its metrics",
    "worker_metrics": "the worker's metrics",
    "prometheus": "metrics, rules, alerts",
    "alertmanager": "who was told of what",
    "jaeger": "traces (API only, if built here)",
    "mail": "mails received",
    "inbox": "alert webhooks received: GET /alerts",
}


def print_summary(console: Console, platform: Platform) -> None:
    """Print addresses, key and logs of a platform that is ready."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, meaning in _MEANINGS.items():
        if name in platform.urls:
            table.add_row(name, platform.urls[name], meaning)
    console.print(table)
    lines = [
        f"API key        {platform.api_key}",
        f"logs           {platform.log_path('web').parent}",
        f"ready after    {platform.ready_seconds:.1f} s; stop with Ctrl-C",
    ]
    if platform.traces_file is not None:
        lines.insert(0, f"traces         go to {platform.traces_file}: Jaeger is not here")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
