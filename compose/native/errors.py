"""What can go wrong with the native run, each in a line that says what to do."""


class RunError(Exception):
    """Something that one line explains; commands print it and exit 1."""


class MissingPartError(RunError):
    """A part is not on this machine; the message holds the command that installs it."""


class PortTakenError(RunError):
    """A port is in use; the message names port and part and how to set another."""


class PartFailedError(RunError):
    """A part ended by itself, or was not ready in time; the message holds its last lines."""


class AlreadyRunningError(RunError):
    """A platform runs in this folder already."""
