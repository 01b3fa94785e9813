import pytest

from bench.load.answers import Answer, NoAnswerError, answer_of

OURS = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-Correlation-ID: a\r\n\r\nok"


def test_an_answer_is_one_when_its_last_byte_is_here() -> None:
    for end in range(len(OURS)):
        assert answer_of(OURS[:end]) is None
    assert answer_of(OURS) == Answer(200, is_service=True, closes=False)


def test_an_answer_without_the_services_header_is_the_proxys() -> None:
    made_up = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    assert answer_of(made_up) == Answer(503, is_service=False, closes=True)


def test_an_answer_that_has_no_body_needs_no_length() -> None:
    assert answer_of(b"HTTP/1.1 204 No Content\r\nx-correlation-id: a\r\n\r\n") == Answer(
        204, is_service=True, closes=False
    )


@pytest.mark.parametrize("data", [b"HTTP/1.1 200 OK\r\n\r\n", b"SSH-2.0-x\r\n\r\n"])
def test_what_has_no_end_is_no_answer(data: bytes) -> None:
    with pytest.raises(NoAnswerError):
        answer_of(data)
