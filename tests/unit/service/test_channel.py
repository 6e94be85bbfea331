"""Frames of any size arrive unchanged and in order, and their memfds leave no descriptor behind."""

import os
from contextlib import closing

import pytest
from pullback_server.service.protocol import channel
from pullback_server.service.protocol.channel import FrameKind

SIZES = [0, 1, channel.INLINE, channel.INLINE + 1, 9 * 2**20, channel.KEPT + 1]


@pytest.fixture
def ends():
    near, far = channel.pair()
    with near, far, closing(channel.Sender(near)) as sender:
        yield sender, far


@pytest.mark.parametrize("size", SIZES)
def test_a_body_of_any_size_arrives_unchanged(ends, size):
    sender, far = ends
    body = os.urandom(size)
    sender.send(FrameKind.TASK, body, "a note", code=2, seconds=1.5)
    frame = channel.Receiver().receive(far)
    assert frame == channel.Frame(FrameKind.TASK, body, "a note", 2, 1.5)


def test_a_kept_memfd_gives_each_body_its_own_length(ends):
    sender, far = ends
    receiver = channel.Receiver()
    for size in (3 * 2**20, 2**20, 2 * 2**20):
        body = os.urandom(size)
        sender.send(FrameKind.FINAL, body)
        assert receiver.receive(far).body == body


def test_a_provisional_and_a_final_body_that_wait_together_do_not_mix(ends):
    sender, far = ends
    receiver = channel.Receiver()
    sender.send(FrameKind.PROVISIONAL, b"p" * 2**20)
    sender.send(FrameKind.FINAL, b"f" * 2**20)
    assert receiver.receive(far).body == b"p" * 2**20
    assert receiver.receive(far).body == b"f" * 2**20


def test_several_provisional_bodies_of_one_task_do_not_mix_before_they_are_taken(ends):
    sender, far = ends
    receiver = channel.Receiver()
    for letter in (b"a", b"b", b"c"):
        sender.send(FrameKind.PROVISIONAL, letter * 2**20)
    assert [receiver.receive(far).body[:1] for _ in range(3)] == [b"a", b"b", b"c"]
    sender.renew()
    sender.send(FrameKind.PROVISIONAL, b"d" * 2**20)
    assert receiver.receive(far).body == b"d" * 2**20


def test_a_closed_end_is_the_end(ends):
    sender, far = ends
    sender._end.close()
    assert channel.Receiver().receive(far) is None


def test_large_bodies_leave_no_descriptor_behind():
    before = len(os.listdir("/proc/self/fd"))
    near, far = channel.pair()
    receiver = channel.Receiver()
    with near, far, closing(channel.Sender(near)) as sender:
        for _ in range(5):
            for kind in (FrameKind.TASK, FrameKind.FORM_PUT):
                sender.send(kind, bytes(2**20))
                receiver.receive(far)
    assert len(os.listdir("/proc/self/fd")) == before


def test_held_frames_arrive_together_and_in_order_with_large_ones_between(ends):
    sender, far = ends
    receiver = channel.Receiver()
    sizes = [1, channel.JOINED - 100, 100, channel.JOINED + 1, 5, channel.INLINE + 1, 0, 7]
    bodies = [os.urandom(size) for size in sizes]
    sender.hold()
    for number, body in enumerate(bodies):
        sender.send(FrameKind.FINAL, body, f"note {number}", code=number, leg_seconds=(1.0, 2.0))
    sender.release()
    sender.send(FrameKind.DONE)
    frames, packets = [], 0
    while not frames or frames[-1].kind != FrameKind.DONE:
        frames += channel.apart(receiver.receive(far))
        packets += 1
    assert packets == 7
    assert [frame.body for frame in frames] == [*bodies, b""]
    assert [(frame.note, frame.code) for frame in frames[:-1]] == [(f"note {n}", n) for n in range(len(bodies))]
    assert {frame.leg_seconds for frame in frames[:-1]} == {(1.0, 2.0)}
