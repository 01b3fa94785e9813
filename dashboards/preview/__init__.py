"""Draws every board without Grafana: `python -m dashboards preview`.

`samples` of the proof become views (`reading`, `views`): lines, figures, heat, rows and lists, in
words and roles of colour. Two printers lay them on the boards' own grid: `page` as self-contained
HTML, where the browser picks light or dark, and `poster` as a picture file. What is plotted comes
from matplotlib in both (`plots`).
"""
