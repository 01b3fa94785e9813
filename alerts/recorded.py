"""Selectors of what the rules record: of one objective, in one of the windows that there are."""

from alerts import promql
from alerts.naming import RECORDED, SLO, WINDOW
from alerts.windows import recorded_windows
from telemetry.catalog.declarations import DeclarationError
from telemetry.catalog.objectives import Objective


def selector(series: str, objective: Objective, window: str | None = None) -> str:
    """Return the objective's series; `DeclarationError` if nothing records it, or the window."""
    if series not in RECORDED:
        message = f"no rule records {series!r}, but {', '.join(RECORDED)}"
        raise DeclarationError(message)
    matchers = [promql.matcher(SLO, "=", objective.slug)]
    if window is not None:
        if window not in (known := recorded_windows(objective.window_days)):
            message = f"no rule records {series!r} over {window}, but over {', '.join(known)}"
            raise DeclarationError(message)
        matchers.append(promql.matcher(WINDOW, "=", window))
    return f"{series}{{{', '.join(matchers)}}}"
