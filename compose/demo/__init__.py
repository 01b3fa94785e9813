"""`python -m compose demo`: one incident from the first symptom to the resolved mail, explained."""

from compose.demo.command import run

__all__ = ["run"]
