"""`python -m compose.dependency_audit`: ask whether a locked package has a known vulnerability.

pip-audit does the asking, run by uv apart from everything else; its answer comes from PyPI, which
a mirror may not have. Exit code 1 for a vulnerability. Where a package cannot be asked for, that
is said, and the code is 0 unless `--strict`: a check that fails without a network would be
switched off.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LOCK: Final = Path(__file__).parent / "locks" / "development.txt"
_TOOL: Final = "pip-audit==2.9.0"
_SECONDS: Final = 180


@dataclass(frozen=True, slots=True)
class Findings:
    """A line for each known vulnerability, and how many packages got an answer or none."""

    vulnerable: tuple[str, ...] = ()
    answered: int = 0
    unanswered: int = 0

    def exit_code(self, *, is_strict: bool) -> int:
        """Return 1 for a vulnerability, and if strict where anything is not known."""
        is_unknown = self.unanswered > 0 or self.answered == 0
        return int(bool(self.vulnerable) or (is_strict and is_unknown))


def main() -> int:
    """Audit the lock that the service and its tools are installed from; return the exit code."""
    findings = read(_ask(_LOCK))
    for line in findings.vulnerable:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(
        f"dependency audit: {len(findings.vulnerable)} known vulnerabilities in"
        f" {findings.answered} packages, {findings.unanswered} could not be asked for\n"
        if findings.answered or findings.unanswered
        else "dependency audit: nobody could be asked; nothing is known\n"
    )
    return findings.exit_code(is_strict="--strict" in sys.argv[1:])


def _ask(lock: Path) -> str:
    """Return pip-audit's JSON; "" where it could not be run or got no answer."""
    command = [
        *(sys.executable, "-m", "uv", "tool", "run", "--quiet", _TOOL),
        *("--disable-pip", "--require-hashes", "--requirement", str(lock)),
        *("--format", "json", "--progress-spinner", "off", "--timeout", "10"),
    ]
    try:
        run = subprocess.run(  # noqa: S603  # the command above
            command, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout


def read(answer: str) -> Findings:
    """Return what pip-audit's JSON says; nothing at all where it is no such JSON."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Findings()
    vulnerable = tuple(
        f"{package['name']} {package['version']}: {one['id']}, mended in"
        f" {', '.join(one['fix_versions']) or 'no version yet'}"
        for package in packages
        for one in package.get("vulns", ())
    )
    answered = sum("vulns" in package for package in packages)
    return Findings(vulnerable, answered, len(packages) - answered)


if __name__ == "__main__":
    sys.exit(main())
