import threading

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from telemetry.span_queue import OWN_SCOPE, SpanBatch, SpanQueue

DRIVER = InstrumentationScope("driver")
EACH = 20_000
WRITERS = 3


def filled(linked: int, plain: int, foreign: int) -> SpanQueue:
    queue = SpanQueue()
    for number in range(linked + plain):
        queue.add(b"%d" % number, is_exemplar=number < linked)
    for number in range(foreign):
        queue.add_foreign((DRIVER, b"%d" % number))
    return queue


def test_a_batch_knows_its_links_and_whose_its_spans_are() -> None:
    taken = filled(2, 3, 4).take(100, 1_000)
    assert (len(taken), taken.links) == (9, 2)
    assert {scope.name: len(spans) for scope, spans in taken.groups()} == {
        OWN_SCOPE.name: 5,
        DRIVER.name: 4,
    }
    assert list(SpanBatch().groups()) == []


def test_a_batch_is_of_what_came_first() -> None:
    queue = filled(0, 300, 0)
    taken = [b"".join(queue.take(130, 10_000).plain) for _ in range(3)]
    assert b"".join(taken) == b"".join(b"%d" % number for number in range(300))
    assert len(queue) == len(queue.take(130, 10_000)) == 0


def test_a_batch_passes_its_bytes_by_a_piece_at_most() -> None:
    queue = SpanQueue()
    for _ in range(1_000):
        queue.add(b"x" * 10, is_exemplar=False)
    assert len(queue.take(1_000, 641)) == 128
    assert queue.added_bytes - queue.taken_bytes == 10 * len(queue) == 8_720


def test_what_several_threads_append_is_taken_once() -> None:
    queue, may_end = SpanQueue(), threading.Event()

    def write(writer: int) -> None:
        for number in range(EACH):
            queue.add(b"%d.%d" % (writer, number), is_exemplar=number % 2 == 0)

    taken: list[bytes] = []

    def take() -> None:
        while not may_end.is_set() or len(queue):
            batch = queue.take(500, 1 << 20)
            taken.extend(batch.linked)
            taken.extend(batch.plain)

    taker = threading.Thread(target=take)
    taker.start()
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    may_end.set()
    taker.join()
    assert len(taken) == len(set(taken)) == WRITERS * EACH
