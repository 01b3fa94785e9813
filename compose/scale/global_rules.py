"""`python -m compose.scale.global_rules`: the rules of a Prometheus that federates others.

The shipped ones, without what reads raw series: those stay with the Prometheus that scrapes. Left
are the objectives' ratios, burn rates and alerts, which are made of the recorded sums alone.
"""

import sys
from pathlib import Path
from typing import Any, Final

import yaml

_SHIPPED: Final = Path(__file__).resolve().parents[2] / "alerts" / "generated" / "rules.yaml"
_OBJECTIVES: Final = "slo-"
_RAW: Final = "instance:"


def global_rules(shipped: str) -> str:
    """Return the rules file of the Prometheus above, from the one of those below."""
    groups = [
        group | {"rules": [rule for rule in group["rules"] if not _reads_raw(rule)]}
        for group in yaml.safe_load(shipped)["groups"]
        if group["name"].startswith(_OBJECTIVES)
    ]
    text: str = yaml.safe_dump({"groups": groups}, sort_keys=False)
    return text


def _reads_raw(rule: dict[str, Any]) -> bool:
    return str(rule.get("record", "")).startswith(_RAW)


if __name__ == "__main__":
    sys.stdout.write(global_rules(_SHIPPED.read_text("utf-8")))
