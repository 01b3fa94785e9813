"""What `telemetry` raises, and only while it starts: later failures are counted instead."""


class TelemetryError(Exception):
    """Base of everything that this package raises on purpose."""


class StartError(TelemetryError):
    """Telemetry cannot start; the message is one clear line for the person who started it."""


class SettingsError(TelemetryError):
    """A telemetry setting is wrong; the message names it and what it takes."""
