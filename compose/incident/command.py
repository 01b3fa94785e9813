"""`python -m compose report [FAULT...]`: write the pages of the incidents that a drill recorded."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from compose.drill.record import FOLDER
from compose.incident.browser import Browser, BrowserError
from compose.incident.index import index
from compose.incident.page import page
from compose.incident.reading import read
from compose.incident.sample import SAMPLE
from compose.native.errors import MissingPartError, RunError
from compose.native.tools import find


def run(arguments: list[str]) -> int:
    """Write a page for each incident, and one that lists them; print where they are."""
    parser = argparse.ArgumentParser(prog="python -m compose report", description=run.__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="by name; all without any")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the records are")
    parser.add_argument("--sample", action="store_true", help="of the incident that ships")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="the first page as a picture")
    parser.add_argument("--dark", action="store_true", help="the picture as it is at night")
    options = parser.parse_args(arguments)
    try:
        if options.sample:
            places = [write_sample(options.folder)]
        else:
            places = write(options.folder, options.faults)
        if options.picture:
            picture(places[0], options.picture, dark=options.dark)
            places.append(options.picture)
    except (RunError, MissingPartError, BrowserError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{place}\n" for place in places)
    return 0


def write(folder: Path, faults: list[str]) -> list[Path]:
    """Write the pages beside the records; return their places, the list of all last."""
    records = {file.stem: file for file in sorted(folder.glob("*.json"))}
    if not records:
        message = f"{folder} holds no record of an incident: make drill writes them"
        raise RunError(message)
    for name in faults:
        if name not in records:
            message = f"no incident {name} is recorded; there are: {', '.join(records)}"
            raise RunError(message)
    incidents = {name: read(file) for name, file in records.items()}
    places = []
    for name in faults or records:
        places.append(_page_of(folder, name))
        places[-1].write_text(page(incidents[name]), encoding="utf-8")
    reported = {name: one for name, one in incidents.items() if _page_of(folder, name).exists()}
    places.append(folder / "index.html")
    places[-1].write_text(index(reported), encoding="utf-8")
    return places


def write_sample(folder: Path) -> Path:
    """Write the page of the record that ships; return its place."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "sample.html"
    place.write_text(page(read(SAMPLE)), encoding="utf-8")
    return place


def picture(page_file: Path, file: Path, *, dark: bool) -> None:
    """Draw the top of a page by a real browser; `MissingPartError` where there is none."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Browser(find("chromium"), Path(folder)) as browser,
    ):
        browser.open(page_file.resolve().as_uri(), dark=dark)
        file.write_bytes(browser.picture(height=_PICTURED))


_PICTURED: Final = 1230


def _page_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.html"
