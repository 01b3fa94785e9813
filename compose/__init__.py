"""Running the platform: natively (`native`), in containers (`compose.yaml`), and what catches mail.

`compose.native.run.Platform` is the whole platform as an object; `python -m compose` is its
command line.
"""
