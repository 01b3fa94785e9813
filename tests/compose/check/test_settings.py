"""A variable that nothing reads, or that the service would refuse, is found."""

import pytest

from compose.check.settings import check_settings
from tests.compose.check.repository import RepositoryCopy


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "SIGHTLINE_SMTP_HOST:",
            "SIGHTLINE_MAIL_HOST:",
            "worker: is given SIGHTLINE_MAIL_HOST, which app/settings.py does not read",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT:",
            "OTEL_EXPORTER_ENDPOINT:",
            "web: is given OTEL_EXPORTER_ENDPOINT, which app/settings.py does not read",
        ),
        (
            "SIGHTLINE_LOG_FORMAT: json",
            "SIGHTLINE_LOG_FORMAT: text",
            "web: would not start: SIGHTLINE_LOG_FORMAT should be",
        ),
        (
            "redis://valkey:6379/0",
            "valkey:6379",
            "web: would not start: SIGHTLINE_REDIS_URL must be a URL",
        ),
        (
            'SIGHTLINE_HTTP_PORT: "8000"',
            'SIGHTLINE_HTTP_PORT: "80000"',
            "web: would not start: SIGHTLINE_HTTP_PORT should be",
        ),
        (
            "environment:\n      <<: *owner\n",
            "environment: {}\n",
            "migrate: would not start: SIGHTLINE_DATABASE_URL is required",
        ),
    ],
)
def test_what_the_service_does_not_take_is_found(
    repository: RepositoryCopy, old: str, new: str, fault: str
) -> None:
    repository.change(old, new)
    assert any(line.startswith(fault) for line in repository.says(check_settings))
