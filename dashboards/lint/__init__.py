"""The rules that a generated dashboard must satisfy.

They are those of grafana/dashboard-linter, without an exclusion, and stricter ones of ours. They
read the JSON alone, so they judge what Grafana will get.
"""

from dashboards.lint.findings import Finding
from dashboards.lint.rules import lint

__all__ = ["Finding", "lint"]
