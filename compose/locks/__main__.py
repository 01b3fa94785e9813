"""`python -m compose.locks`: resolve pyproject.toml into the lock files beside this module.

`runtime.txt` is what the container image installs, `development.txt` what `make` installs,
`bench.txt` what `make bench` installs beside it: the stock packages that it measures against.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
LOCKS = {
    "runtime.txt": (),
    "development.txt": ("--group", "development"),
    # The data stores that it measures with are those of the native run.
    "bench.txt": ("--group", "bench", "--group", "native"),
}


def main() -> int:
    """Write every lock; return the exit code."""
    for name, selection in LOCKS.items():
        command = [
            *(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml"),
            *("--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"),
            *("--prerelease", "if-necessary-or-explicit", "--no-header", "--upgrade"),
            *("--no-annotate", *selection, "--output-file", str(FOLDER / name)),
        ]
        code = subprocess.run(command, check=False).returncode  # noqa: S603  # our own arguments
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
