"""The fault catalogue: what can break, how it is really broken and mended, what must tell of it.

`model` says what a fault is, `stage` what it works with, `catalogue` lists all; `compose.drill`
runs them.
"""
