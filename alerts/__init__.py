"""Alerting as code: rules, notifications, runbooks and their tests, derived from the objectives.

`python -m alerts build | check | test`; nothing here is imported by the running service.
"""
