"""Whether the fault suite runs in its long form: `make faults`, or SIGHTLINE_FAULTS_LONG=1."""

import os
from collections.abc import Mapping


def is_long(environment: Mapping[str, str]) -> bool:
    return environment.get("SIGHTLINE_FAULTS_LONG", "") not in {"", "0"}


LONG = is_long(os.environ)
