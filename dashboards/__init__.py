"""The dashboards, derived from the catalog: `python -m dashboards build | check`.

A board (`boards/`) is plain data: panels (`panels`) over typed queries (`queries`) over declared
metrics. `grafana` turns it into Grafana's JSON, `lint` and `decoding` judge the JSON, and what is
in `generated/` is committed, so that Grafana reads exactly what was reviewed.
"""
