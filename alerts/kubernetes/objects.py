"""What every object has: a kind, a name, and the labels by which an operator selects it."""

from typing import Any, Final

APPLICATION: Final = "sightline"
"""The value of `app.kubernetes.io/name`, on our objects and on the pods that they watch."""

NAME_LABEL: Final = "app.kubernetes.io/name"
COMPONENT_LABEL: Final = "app.kubernetes.io/component"


def described(
    api_version: str, kind: str, name: str, content: dict[str, Any], **labels: str
) -> dict[str, Any]:
    """Return an object; `content` is what it has beside its metadata.

    No object names a namespace: it is given when they are applied, and is the service's own.
    """
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "labels": {NAME_LABEL: APPLICATION, **labels}},
        **content,
    }


def operated(kind: str, name: str, specification: dict[str, Any], **labels: str) -> dict[str, Any]:
    """Return an object of the prometheus-operator's stable API."""
    return described("monitoring.coreos.com/v1", kind, name, {"spec": specification}, **labels)
