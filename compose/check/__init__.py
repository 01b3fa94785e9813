"""Check the containers' configuration where no container can run: `python -m compose.check`.

Each module holds one kind of check: a function that takes the `Project` (compose.yaml, read) and
yields a `Finding`, one line, for every fault. `catalogue` lists them, `__main__` runs them.
"""
