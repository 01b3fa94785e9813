"""`build/proof.json`: what is proven, in figures; other proofs write parts of their own into it."""

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

BUILD: Final = Path(__file__).resolve().parents[2] / "build"
PROOF: Final = BUILD / "proof.json"


def merge(parts: Mapping[str, Mapping[str, int]], file: Path = PROOF) -> None:
    """Set these parts of the file and keep the others; writers at the same time wait in line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        fresh = file.with_suffix(".new")
        text = json.dumps({**known, **parts}, indent=2, sort_keys=True)
        fresh.write_text(f"{text}\n", encoding="utf-8")
        fresh.replace(file)
