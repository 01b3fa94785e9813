"""From a board to the classic JSON of a modern Grafana; the only home of grafanalib.

grafanalib supplies the skeleton (dashboard, panels, rows, variables, links); its fields for
Grafana 5 to 9 are left behind by `elements` and swept out by `normalise`.
"""

from dashboards.grafana.dashboard import render

__all__ = ["render"]
