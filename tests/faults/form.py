"""Whether the fault suite runs in its long form: `make faults`, or SIGHTLINE_FAULTS_LONG=1."""

import os

LONG = os.environ.get("SIGHTLINE_FAULTS_LONG", "0") not in {"", "0"}
