"""The two queues' destination names, as telemetry shows them."""

from typing import Final

REPORTS: Final = "reports"
MAIL: Final = "mail"
