"""The application AudioSocket: the caller's end of the media wire, over real TCP. Callers without a voice have none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol

from ivr_engine.audiosocket.wire import AUDIO, HANGUP, KEY, UUID, Parser, WireError, packet
from ivr_engine.exchange.virtual.channel import ALL_KEYS, How
from ivr_engine.hearing import EarFailed, Final, Guess, SpeechStarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ivr_engine.exchange.virtual.channel import Channel
    from ivr_engine.hearing import EarEvent, Expectation

NOT_FOUND = -2
_QUIET = 5
"""After so many frames of silence a prompt is over."""
_CONNECT_S = 2.0
_TEXT = b"IVRTEXT\x00"
_SURE = 0.95


def spoken(text: str) -> bytes:
    """Words as samples that only TextEars understand: speech for engines in fast time."""
    data = _TEXT + text.encode()
    return data + bytes(len(data) % 2)


class TextEars:
    """Satisfies hearing.Ears: hears what `spoken` made, and nothing else."""

    def open(self, expectation: Expectation, tell: Callable[[EarEvent], None]) -> TextEar:  # noqa: ARG002 - any will do
        """See hearing.Ears."""
        return TextEar(tell)


class TextEar:
    """Satisfies hearing.Ear."""

    def __init__(self, tell: Callable[[EarEvent], None]) -> None:
        self._tell = tell

    def feed(self, audio: bytes) -> None:
        """See hearing.Ear."""
        if not audio.startswith(_TEXT):
            return
        try:
            text = audio.removeprefix(_TEXT).rstrip(b"\x00").decode()
        except UnicodeDecodeError:
            self._tell(EarFailed("failed"))
            return
        self._tell(SpeechStarted())
        self._tell(Final((Guess(text, _SURE),) if text else (), 0))

    def close(self) -> None:
        """See hearing.Ear."""


class MediaClient(Protocol):
    """The channel's end of a conversation."""

    transport: Any

    def __init__(self, channel: Channel, name: bytes, begun: Callable[[], None]) -> None:
        self._channel, self._name, self._begun = channel, name, begun
        self._parser = Parser()
        self._quiet = self._frames = 0
        self._asked = False
        self.code = -1
        """What the application returns: 0 when the engine ended the conversation."""

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Say which call this is."""
        self.transport.write(packet(UUID, self._name))

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """What the engine sends."""
        try:
            packets = self._parser.feed(data)
        except WireError:
            self.transport.abortConnection()
            return
        for kind, payload in packets:
            self._begun()
            if kind == AUDIO:
                self._hear(payload)
            elif kind == HANGUP:
                self.code = 0
                self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:  # noqa: ARG002, N802 - Twisted's name
        """The conversation is over."""
        self._begun()
        self._channel.interrupt()

    def press(self, key: str) -> None:
        """The caller presses a key."""
        self.transport.write(packet(KEY, key.encode()))

    def say(self, samples: bytes) -> None:
        """The caller speaks: samples as in hearing.py."""
        self.transport.write(packet(AUDIO, samples))

    def close(self) -> None:
        """The caller has hung up, or has no voice any more."""
        self.transport.loseConnection()

    def _hear(self, samples: bytes) -> None:
        self._channel.caller.hears(samples)
        self._frames += 1
        if samples.strip(b"\x00"):
            self._quiet, self._asked = 0, False
        else:
            self._quiet += 1
        if self._frames == 1:
            self._channel.caller.listening(ALL_KEYS, prompt=True)
        elif self._quiet == _QUIET and not self._asked:
            self._asked = True
            self._channel.caller.listening(ALL_KEYS, prompt=False)


async def audiosocket(channel: Channel, options: str) -> int:
    """AudioSocket(uuid,host:port): 0 when the engine ended it, else -1."""
    name, _, place = options.partition(",")
    host, _, port = place.rpartition(":")
    reactor = channel.switch.reactor
    if not channel.caller.speaks or reactor is None:
        return NOT_FOUND
    hold = channel.switch.clock.hold()  # connecting takes no call time
    client = MediaClient(channel, uuid.UUID(name).bytes, hold.release)
    channel.note("speaks with the engine")
    try:
        await connectProtocol(HostnameEndpoint(reactor, host, int(port), timeout=_CONNECT_S), client)  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 - whatever kept it from connecting
        hold.release()
        return -1
    channel.media = client
    channel.caller.conversing(name)
    try:
        ended = await channel.pause(None)
    finally:
        channel.media = None
        channel.caller.conversed()
        hold.release()
    if ended.how is How.HANGUP:
        client.close()
        return -1
    return client.code
