"""Who is told: the addresses of the containers by default, and those a run gives instead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receivers:
    """Where notifications go; no secrets, for there are none on this network.

    A mail server that wants a password gets it from a file (`smtp_auth_password_file`).
    """

    smarthost: str = "mail:1025"
    webhook: str = "http://inbox:8026/alerts"
    sender: str = "alerts@sightline.example"
    on_call: str = "oncall@sightline.example"
