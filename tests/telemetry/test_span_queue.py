import threading

from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from telemetry.span_queue import CHUNK, CHUNK_BYTES, OWN_SCOPE, SpanBatch, SpanQueue

DRIVER = InstrumentationScope("driver")
EACH = 20_000
WRITERS = 3


def filled(linked: int, plain: int, foreign: int) -> SpanQueue:
    queue = SpanQueue(b",")
    for number in range(linked + plain):
        queue.add(b"%d" % number, is_exemplar=number < linked)
    for number in range(foreign):
        queue.add_foreign((DRIVER, b"%d" % number))
    return queue


def test_a_batch_knows_its_links_and_whose_its_spans_are() -> None:
    taken = filled(2, 3, 4).take(100, 1_000)
    assert (len(taken), taken.links) == (9, 2)
    assert {scope.name: len(spans) for scope, spans in taken.groups()} == {
        OWN_SCOPE.name: 1,
        DRIVER.name: 4,
    }
    assert list(SpanBatch().groups()) == []


def test_a_batch_is_of_what_came_first() -> None:
    queue = filled(0, 300, 0)
    taken = [chunk.data for _ in range(3) for chunk in queue.take(130, 10_000).own]
    assert b",".join(taken) == b",".join(b"%d" % number for number in range(300))
    assert len(queue) == len(queue.take(130, 10_000)) == 0


def test_whoever_appends_joins_so_that_the_taker_need_not() -> None:
    queue = filled(10, CHUNK, 0)
    batch = queue.take(10 * CHUNK, 1 << 20)
    assert [(chunk.spans, chunk.links) for chunk in batch.own] == [(CHUNK, 10), (10, 0)]


def test_a_chunk_of_long_spans_has_fewer() -> None:
    queue = SpanQueue()
    for _ in range(4):
        queue.add(b"x" * (CHUNK_BYTES // 2), is_exemplar=False)
    assert [chunk.spans for chunk in queue.take(100, 1 << 20).own] == [2, 2]


def test_a_span_that_ends_while_its_thread_joins_waits_for_the_next_chunk() -> None:
    """As one that a finaliser ends, wherever its thread happens to be."""
    queue = SpanQueue()
    for _ in range(CHUNK - 1):
        queue.add(b"x", is_exemplar=False)
    with queue._joining:  # where such a finaliser would find it
        queue.add(b"x", is_exemplar=False)
        queue.add(b"x", is_exemplar=False)
    assert len(queue) == CHUNK + 1
    queue.add(b"x", is_exemplar=False)
    assert [chunk.spans for chunk in queue.take(1_000, 1 << 20).own] == [CHUNK, 2]


def test_a_queue_that_is_emptied_holds_no_bytes() -> None:
    queue = filled(200, 200, 200)
    while queue.take(100, 10_000):
        pass
    assert queue.added_bytes == queue.taken_bytes


def test_a_batch_passes_its_bytes_by_a_piece_at_most() -> None:
    queue = SpanQueue()
    for _ in range(1_000):
        queue.add(b"x" * 10, is_exemplar=False)
    assert len(queue.take(1_000, 641)) == 128
    assert queue.added_bytes - queue.taken_bytes == 10 * len(queue) == 8_720


def test_what_several_threads_append_is_taken_once() -> None:
    queue, may_end = SpanQueue(b","), threading.Event()

    def write(writer: int) -> None:
        for number in range(EACH):
            queue.add(b"%d.%d" % (writer, number), is_exemplar=number % 2 == 0)

    taken: list[bytes] = []

    def take() -> None:
        while not may_end.is_set() or len(queue):
            for chunk in queue.take(500, 1 << 20).own:
                spans = chunk.data.split(b",")
                assert len(spans) == chunk.spans
                taken.extend(spans)

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
