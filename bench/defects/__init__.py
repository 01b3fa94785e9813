"""Known ways in which instrumentation goes wrong, each a case that runs against a stack.

`python -m bench.comparison` runs them all, against ours and against the stock packages.
"""
