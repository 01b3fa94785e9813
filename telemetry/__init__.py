"""Tracing, metrics and correlated logs for any ASGI service.

Declarations live in `telemetry.catalog`; everything else here turns them into signals.
Nothing in this package knows the service that uses it.
"""
