"""The commands that take the caller's time: prompts, waits for keys, spoken figures. Replies as res_agi writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.agi.client import WrongUsage, result
from ivr_engine.exchange.virtual.channel import ALL_KEYS, How

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ivr_engine.exchange.virtual.channel import Channel, Ended

SAMPLES = 8000  # a second of a sound file, and what endpos counts
FIRST_KEY_S, NEXT_KEY_S = 6.0, 2.0  # Asterisk's own patience in GET DATA
OPTION_S = 5.0  # its dtimeout
SPOKEN_S = 0.5  # about what one spoken character takes


def whole(text: str) -> int:
    """The number at the start of a word, as sscanf reads it. Raises WrongUsage when there is none."""
    sign, digits = text[:1] if text[:1] in ("-", "+") else "", ""
    for character in text[len(sign) :]:
        if not character.isascii() or not character.isdigit():
            break
        digits += character
    if not digits:
        raise WrongUsage
    return int(sign + digits)


def loose(text: str) -> int:
    """The number at the start of a word, 0 when there is none, as atoi reads it."""
    try:
        return whole(text.strip())
    except WrongUsage:
        return 0


def code(ended: Ended) -> int:
    """How a command says that a wait ended: the key's ASCII code, 0 for time, -1 for a hang-up."""
    return ord(ended.key) if ended.key else -1 if ended.how is How.HANGUP else 0


async def _stream(channel: Channel, file: str, keys: str, offset: int) -> tuple[Ended | None, int]:
    """Play from `offset` samples on: how it ended (None: no such file) and the sample reached."""
    length = channel.switch.length_s(channel, file)
    if length is None:
        channel.note("missing sound", file)
        return None, offset
    samples = round(length * SAMPLES)
    start = min(max(offset, 0), samples)
    ended = await channel.play(file, (samples - start) / SAMPLES, keys)
    return ended, samples if ended.how is How.TIME else min(samples, start + round(ended.seconds * SAMPLES))


async def stream_file(channel: Channel, words: Sequence[str]) -> str | None:
    """STREAM FILE file escape [offset]."""
    ended, reached = await _stream(channel, words[0], words[1], whole(words[2]) if len(words) > 2 else 0)
    if ended and ended.how is How.INTERRUPTED:
        return None
    return result(code(ended) if ended else -1, endpos=reached)


async def control_stream_file(channel: Channel, words: Sequence[str]) -> str | None:
    """CONTROL STREAM FILE file escape ...: played straight on; the keys that skip and pause are not taken."""
    offset = loose(words[6]) * (SAMPLES // 1000) if len(words) > 6 else 0
    ended, reached = await _stream(channel, words[0], words[1], offset)
    # Milliseconds here, unlike STREAM FILE's samples, and -1 when there is no file or its end was reached.
    milliseconds = -1 if ended is None or ended.how is How.TIME else reached * 1000 // SAMPLES
    status = "ERROR" if ended is None or ended.how is How.HANGUP else "USERSTOPPED" if ended.key else "SUCCESS"
    channel.variables.update(
        CPLAYBACKSTATUS=status, CPLAYBACKOFFSET=str(milliseconds), CPLAYBACKSTOPKEY=ended.key if ended else ""
    )
    return result(code(ended) if ended else -1, endpos=milliseconds)


async def get_option(channel: Channel, words: Sequence[str]) -> str | None:
    """GET OPTION file escape [timeout]: a prompt, then one key; a key that is no option counts as none."""
    ended, reached = await _stream(channel, words[0], words[1], 0)
    if ended is None:
        return result(-1, endpos=reached)
    if ended.how is How.TIME:
        ended = await channel.listen(loose(words[2]) / 1000 if len(words) > 2 else OPTION_S)
    if ended.how is How.INTERRUPTED:
        return None
    value = 0 if ended.key and ended.key not in words[1] else code(ended)
    return result(value, endpos=reached)


async def wait_for_digit(channel: Channel, words: Sequence[str]) -> str | None:
    """WAIT FOR DIGIT milliseconds, -1 for ever."""
    milliseconds = whole(words[0])
    ended = await channel.listen(None if milliseconds < 0 else milliseconds / 1000)
    return result(1 if ended.how is How.INTERRUPTED else code(ended))


async def get_data(channel: Channel, words: Sequence[str]) -> str | None:
    """GET DATA file [timeout] [maxdigits]: keys up to `#`, to the most digits, or to a silence."""
    timeout = loose(words[1]) if len(words) > 1 else 0
    most = loose(words[2]) if len(words) > 2 else 1024
    first = next_s = None if timeout < 0 else timeout / 1000
    if timeout == 0:
        first, next_s = FIRST_KEY_S, NEXT_KEY_S
    ended, _ = await _stream(channel, words[0], ALL_KEYS, 0)
    if ended is None:
        return result(-1)
    if ended.how is How.TIME:
        ended = await channel.listen(first)
    digits = ""
    while ended.how is How.KEY and ended.key != "#":
        digits += ended.key
        if len(digits) >= most:
            return result(digits)
        ended = await channel.listen(next_s)
    if ended.how is How.INTERRUPTED:
        return None
    if ended.how is How.HANGUP:
        return result(-1)
    return result(digits, "timeout") if ended.how is How.TIME else result(digits)


async def say_text(channel: Channel, words: Sequence[str]) -> str | None:
    """SAY ALPHA, PHONETIC, DATE, TIME, DATETIME: the length is a guess, for there are no such sounds here."""
    ended = await channel.play(f"say:{words[0]}", SPOKEN_S * len(words[0]), words[1])
    return None if ended.how is How.INTERRUPTED else result(code(ended))


async def say_number(channel: Channel, words: Sequence[str]) -> str | None:
    """SAY DIGITS and SAY NUMBER: as the others, but the text begins with a number or is refused."""
    whole(words[0])
    return await say_text(channel, words)


async def record_file(channel: Channel, words: Sequence[str]) -> str | None:  # noqa: ARG001 - whatever the file
    """RECORD FILE: nothing is recorded here, and it says so."""
    return result(-1, "writefile")


async def receive_char(channel: Channel, words: Sequence[str]) -> str | None:
    """RECEIVE CHAR milliseconds: telephones send no text, which Asterisk calls a hang-up here."""
    await channel.pause(loose(words[0]) / 1000)
    return result(-1, "hangup")


async def receive_text(channel: Channel, words: Sequence[str]) -> str | None:
    """RECEIVE TEXT milliseconds: telephones send no text."""
    await channel.pause(loose(words[0]) / 1000)
    return result(-1)
