"""Packets: whole in whatever pieces they come, and strangers refused at the first byte that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine.audiosocket.wire import AUDIO, ERROR, HANGUP, KEY, LONGEST, RATES, UUID, Packet, Parser, WireError, frames, packet
from ivr_engine.hearing import FRAME_BYTES

PACKETS = st.one_of(
    st.just(Packet(HANGUP, b"")),
    st.binary(min_size=16, max_size=16).map(lambda name: Packet(UUID, name)),
    st.sampled_from("0123456789*#").map(lambda key: Packet(KEY, key.encode())),
    st.binary(max_size=700).map(lambda half: Packet(AUDIO, half + half)),
    st.tuples(st.sampled_from(sorted(RATES)), st.binary(max_size=20)).map(lambda pair: Packet(pair[0], pair[1] * 2)),
    st.binary(max_size=4).map(lambda code: Packet(ERROR, code)),
)


def fed(pieces: list[bytes]) -> list[Packet]:
    parser = Parser()
    return [found for piece in pieces for found in parser.feed(piece)]


@given(st.lists(PACKETS, min_size=1, max_size=4))
def test_packets_come_whole_wherever_they_are_split(packets: list[Packet]) -> None:
    data = b"".join(packet(*each) for each in packets)
    for place in range(len(data) + 1):
        assert fed([data[:place], data[place:]]) == packets
    assert fed([data[place : place + 1] for place in range(len(data))]) == packets


@given(st.lists(PACKETS, max_size=5), st.lists(st.integers(1, 500), max_size=20))
def test_packets_come_whole_in_any_pieces(packets: list[Packet], sizes: list[int]) -> None:
    data = b"".join(packet(*each) for each in packets)
    pieces, place = [], 0
    for size in (*sizes, len(data) + 1):
        pieces.append(data[place : place + size])
        place += size
    assert fed(pieces) == packets


@given(st.binary(max_size=100))
def test_whatever_comes_is_packets_or_refused_and_never_hoarded(data: bytes) -> None:
    parser = Parser()
    try:
        for place in range(len(data)):
            parser.feed(data[place : place + 1])
    except WireError:
        return
    assert len(parser._buffer) <= LONGEST + 3


@pytest.mark.parametrize(
    "data",
    [
        b"G",  # GET / HTTP/1.1
        b"\x16\x03\x01",  # TLS
        b"\x02",
        b"\x19",
        b"\x01\x00\x0f",  # a UUID is 16 bytes
        b"\x03\x00\x02",
        b"\x03\x00\x01x",
        b"\x00\x00\x01",
        b"\x10\x00\x03",  # half a sample
        b"\x10\xff\xfe",
        b"\xff\xff\xff",
    ],
)
def test_what_cannot_be_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(WireError):
        Parser().feed(data)


def test_a_recording_is_cut_into_frames_of_one_length() -> None:
    packets = frames(b"\x01\x02" * 500)
    assert [len(each) for each in packets] == [FRAME_BYTES + 3] * 4
    assert b"".join(found.payload for found in fed(packets)) == b"\x01\x02" * 500 + bytes(4 * FRAME_BYTES - 1000)
    assert frames(b"") == []
