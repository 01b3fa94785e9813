"""TLS as the service speaks it itself, for where no proxy does: version 1.2 or later."""

import ssl
from collections.abc import Callable
from typing import Any

from app.errors import StartupError
from app.settings import Settings

ContextFactory = Callable[[Any, Callable[[], ssl.SSLContext]], ssl.SSLContext]


def tls_context_factory(settings: Settings) -> ContextFactory | None:
    """Return what makes uvicorn's TLS context; None where the settings name no certificate.

    Raises `StartupError` where certificate and key cannot be read or do not belong together.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        reason = type(error).__name__
        message = f"SIGHTLINE_TLS_CERTIFICATE and SIGHTLINE_TLS_KEY cannot be used ({reason})"
        raise StartupError(message) from None
    return lambda *_: context
