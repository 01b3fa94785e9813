"""A port that others than this machine can reach is found, whatever form it is written in."""

import pytest

from compose.check.publishing import check_publishing
from tests.compose.check.repository import RepositoryCopy

INBOX = '["127.0.0.1:${SIGHTLINE_PUBLISHED_INBOX:-8026}:8026"]'


@pytest.mark.parametrize(
    ("ports", "fault"),
    [
        ('["8026:8026"]', "inbox: publishes port 8026 on every address"),
        ("[8026]", "inbox: publishes port 8026 on every address"),
        ('["0.0.0.0:8026:8026/tcp"]', "inbox: publishes port 8026 on 0.0.0.0"),
        ('[{target: 8026, published: "8026"}]', "inbox: publishes port 8026 on every address"),
        ('["127.0.0.1:9090:8026"]', "compose.yaml: port 9090 of the machine is published 2 times"),
    ],
)
def test_a_port_that_is_not_kept_in_is_found(
    repository: RepositoryCopy, ports: str, fault: str
) -> None:
    repository.change(INBOX, ports)
    assert repository.says(check_publishing) == [fault]


def test_the_long_form_on_loopback_is_fine(repository: RepositoryCopy) -> None:
    repository.change(INBOX, '[{target: 8026, published: "8026", host_ip: 127.0.0.1}]')
    assert repository.says(check_publishing) == []


def test_the_network_of_the_machine_is_found(repository: RepositoryCopy) -> None:
    repository.change("    mem_limit: 160m", "    mem_limit: 160m\n    network_mode: host")
    assert repository.says(check_publishing) == [
        "valkey: has the machine's own network: every port is published"
    ]
