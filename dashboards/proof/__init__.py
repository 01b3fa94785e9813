"""Proves the panels: `python -m dashboards prove`.

A platform is started, every domain of the service gets traffic and then faults (`load`), and what
a real Prometheus scraped is asked as Grafana would ask it: every query of every panel, over a
matrix of the variables' values (`selection`, `judging`). The same scrape tells whether catalog and
service agree in both directions (`emission`). `preview` draws the boards from the samples kept.
"""
