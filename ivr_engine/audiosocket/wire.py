"""AudioSocket's bytes: a packet is one byte of kind, two of length (big-endian), and so many of payload. No Twisted here."""

from __future__ import annotations

from typing import NamedTuple

from ivr_engine.hearing import FRAME_BYTES

HANGUP, UUID, KEY, AUDIO, ERROR = 0x00, 0x01, 0x03, 0x10, 0xFF
"""Audio of kind AUDIO is signed 16-bit little-endian mono at 8 kHz; the kinds after it, to 0x18, are other rates."""
RATES = {0x10: 8000, 0x11: 12000, 0x12: 16000, 0x13: 24000, 0x14: 32000, 0x15: 44100, 0x16: 48000, 0x17: 96000, 0x18: 192000}
KEYS = frozenset(b"0123456789*#ABCD")

LONGEST = 16_384
"""Bytes of payload that are taken: 40 ms at the highest rate. More is no telephone."""
_HEADER = 3
_LENGTHS = {HANGUP: 0, UUID: 16, KEY: 1}

GOODBYE = b"\x00\x00\x00"
"""Ends the conversation; the caller stays with the exchange."""


class WireError(Exception):
    """These bytes are no AudioSocket."""


class Packet(NamedTuple):
    """One packet."""

    kind: int
    payload: bytes


class Parser:
    """Bytes in, in any pieces; packets out. Holds one packet's bytes at most."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are whole now. Raises WireError; nothing can be read after that."""
        data = self._buffer + data if self._buffer else data
        packets, start, end = [], 0, len(data)
        while end - start >= _HEADER:
            kind, length = data[start], data[start + 1] << 8 | data[start + 2]
            _check(kind, length)
            if end - start < _HEADER + length:
                break
            payload = data[start + _HEADER : start + _HEADER + length]
            if kind == KEY and payload[0] not in KEYS:
                raise WireError(f"{payload!r} is no key")
            packets.append(Packet(kind, payload))
            start += _HEADER + length
        if end - start and end - start < _HEADER:
            _check(data[start], None)
        self._buffer = data[start:]
        return packets


def _check(kind: int, length: int | None) -> None:
    """Refuse at the first byte that cannot be: a stranger is not waited for."""
    if kind not in RATES and kind not in _LENGTHS and kind != ERROR:
        raise WireError(f"there is no packet of kind 0x{kind:02x}")
    if length is None:
        return
    if kind in RATES:
        if length > LONGEST or length % 2:
            raise WireError(f"{length} bytes are no audio")
    elif length != _LENGTHS.get(kind, length) or length > LONGEST:
        raise WireError(f"a packet of kind 0x{kind:02x} does not have {length} bytes")


def packet(kind: int, payload: bytes = b"") -> bytes:
    """The bytes of a packet."""
    return bytes((kind, len(payload) >> 8, len(payload) & 0xFF)) + payload


def frames(audio: bytes) -> list[bytes]:
    """A recording as ready packets of 20 ms, the last filled up with silence."""
    head = packet(AUDIO, bytes(FRAME_BYTES))[:_HEADER]
    cut = (audio[start : start + FRAME_BYTES] for start in range(0, len(audio), FRAME_BYTES))
    return [head + piece.ljust(FRAME_BYTES, b"\x00") for piece in cut]


SILENCE = frames(bytes(FRAME_BYTES))[0]
"""A packet of 20 ms in which nothing is heard."""
