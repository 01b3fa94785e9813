"""Pictures of the demo's chapters, as SVG without outside assets: what the README shows."""

import re
from pathlib import Path
from typing import Final

from rich.console import Console

# Rich's own form, less the fonts that it would fetch from the network.
_FORMAT: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect fill="#1b1f27" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Pictures:
    """Writes what a recording console showed since the last picture into a folder."""

    def __init__(self, console: Console, folder: Path) -> None:
        self._console = console
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, title: str) -> None:
        """Write a picture named after the title's first words."""
        words = re.findall(r"[a-z]+", title.lower())[:3]
        svg = self._console.export_svg(title="", code_format=_FORMAT, clear=True)
        path = self._folder / f"demo-{'-'.join(words)}.svg"
        path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")
