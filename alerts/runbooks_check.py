"""Whether the runbooks can be used: one for each alert, none over, every section with substance."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alerts import declared, tools, yaml_file
from alerts.runbooks_frame import CLOSE, SECTIONS, sections

_FEWEST_WORDS: Final = 30
_PLACEHOLDER: Final = re.compile(r"\b(TODO|TBD|FIXME|XXX|lorem)\b", re.IGNORECASE)
_PROMQL: Final = re.compile(r"^```promql\n(.*?)^```", re.MULTILINE | re.DOTALL)


def problems(alert_names: set[str], folder: Path) -> Iterator[str]:
    """Yield a line for each fault of a runbook."""
    pages = {path.stem: path for path in sorted(folder.glob("*.md"))}
    yield from (f"no runbook for {name}" for name in sorted(alert_names - pages.keys()))
    yield from (f"runbook {name}: no such alert" for name in sorted(pages.keys() - alert_names))
    for name, path in pages.items():
        text = path.read_text(encoding="utf-8")
        yield from (f"runbook {name}: {problem}" for problem in text_problems(text))


def text_problems(text: str) -> Iterator[str]:
    """Yield what is wrong with one runbook's text."""
    written = sections(text)
    if tuple(written) != SECTIONS:
        yield f"the sections are {', '.join(SECTIONS)}, in this order; found {', '.join(written)}"
    for title, body in written.items():
        if len(body.split()) < _FEWEST_WORDS:
            yield f"{title} says too little to be of use"
    if found := _PLACEHOLDER.search(text.partition(CLOSE)[2]):
        yield f"{found.group()} is a promise, not an instruction"
    queries = diagnosis_queries(text)
    if not queries:
        yield "Diagnosis has no query"
    for query in queries:
        yield from declared.unknown_in_query(query)
        yield from _unreadable(query)


def diagnosis_queries(text: str) -> tuple[str, ...]:
    """Return the queries that a runbook's Diagnosis tells to run, as they stand there."""
    return tuple(_PROMQL.findall(sections(text).get("Diagnosis", "")))


def _unreadable(query: str) -> Iterator[str]:
    rule = {"record": "runbook:query", "expr": query}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "query.yaml"
        text = yaml_file.render({"groups": [{"name": "runbook", "rules": [rule]}]})
        path.write_text(text, encoding="utf-8")
        outcome = tools.run("promtool", "check", "rules", path)
    if not outcome.succeeded:
        yield f"promtool cannot read {query.strip()!r}: {outcome.output}"
