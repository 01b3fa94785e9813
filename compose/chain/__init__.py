"""The chain, link by link: from a metric to its trace, its log lines, its alert and its mail.

Each link reads a real part over its own interface and either returns the evidence or says what is
missing. The demo prints them, the chain test asserts them, drills will count them.
"""
