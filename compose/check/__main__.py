"""`python -m compose.check`: one line for each fault; exit 1 when there is one."""

import sys
from pathlib import Path
from typing import Final

from compose.check.catalogue import findings
from compose.native.tools import Tools

_TOP: Final = Path(__file__).resolve().parents[2]


def main(root: Path = _TOP) -> int:
    """Check the repository at `root`, this file's own by default; return the exit status."""
    found = [str(finding) for finding in findings(root, Tools().look)]
    for line in found:
        print(line, file=sys.stderr)  # noqa: T201  # this is what the command is for
    if not found:
        print("compose: the containers' configuration holds")  # noqa: T201  # the same
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
