"""One deadline covers a POST, however it is cut into pieces."""

from contextlib import closing
from urllib.parse import urlsplit

import pytest

from telemetry.bounded_http import BoundedHttp
from telemetry.protobuf import Parts
from tests.telemetry.faulty_collector import answers, collector, reading_slowly

PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize("parts", [0, 1, 100, 300])
def test_every_piece_arrives_in_its_order(parts: int) -> None:
    body = Parts.of([number.to_bytes(2, "big") * 512 for number in range(parts)])
    with collector(answers(204)) as serving:
        with closing(BoundedHttp(urlsplit(serving.endpoint), "/", {})) as http:
            assert http.post(body, PATIENCE_SECONDS).status == 204
        assert serving.requests[0].body == b"".join(body.parts)


def test_a_peer_that_takes_each_piece_in_time_does_not_get_more_than_the_time() -> None:
    body = Parts.of([bytes(4096)] * 5_000)
    with (
        collector(reading_slowly) as slow,
        closing(BoundedHttp(urlsplit(slow.endpoint), "/", {})) as http,
        pytest.raises(TimeoutError),
    ):
        http.post(body, 0.5)
