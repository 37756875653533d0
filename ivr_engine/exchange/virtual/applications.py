"""The dialplan applications EXEC can run here; whatever is not among them is not found, as on Asterisk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ivr_engine.exchange.virtual import variables
from ivr_engine.exchange.virtual.channel import How
from ivr_engine.exchange.virtual.media import loose
from ivr_engine.exchange.virtual.queue import reset_variables
from ivr_engine.exchange.virtual.voice import audiosocket

if TYPE_CHECKING:
    from ivr_engine.exchange.virtual.channel import Channel

NOT_FOUND = -2


class Application(Protocol):
    """One application: its options as one text, its return code."""

    async def __call__(self, channel: Channel, options: str) -> int:
        """0 goes on, -1 means the caller is gone."""


async def execute(channel: Channel, name: str, options: str) -> int:
    """Run an application by its name, in any case of letters; -2 when there is none."""
    application = APPLICATIONS.get(name.lower())
    if application is None:
        return NOT_FOUND
    if variables.read(channel, "AGIEXECFULL") in ("yes", "true", "on", "1"):
        options = variables.expand(channel, options)
    return await application(channel, options)


async def queue(channel: Channel, options: str) -> int:
    """Queue(name,options,url,announce,timeout): with option c the caller comes back when the operator hangs up."""
    words = [*options.split(","), "", "", "", "", ""]
    found = channel.switch.queues.get(words[0])
    if found is None:
        reset_variables(channel)
        channel.variables["QUEUESTATUS"] = "UNKNOWN"
        return 0
    priority = loose(channel.variables.get("QUEUE_PRIO", ""))
    return await found.serve(channel, loose(words[4]) or None, priority, continues="c" in words[1])


async def dial(channel: Channel, options: str) -> int:
    """Dial(Local/number@context,timeout,g): every body answers after a ring, and talks as long as operators do."""
    number = options.partition("@")[0].rpartition("/")[2]
    variables.write(channel, "ANSWEREDTIME", "")
    channel.variables["DIALSTATUS"] = "CANCEL"
    channel.note("dialled on", number)
    if (await channel.pause(channel.switch.settings.transfer_ring_s)).how is How.HANGUP:
        return -1
    channel.variables["DIALSTATUS"] = "ANSWER"
    began = channel.switch.clock.now()
    channel.note("talked", number)
    channel.caller.talking(number)
    ended = await channel.pause(channel.switch.settings.transfer_talk_s)
    channel.variables["ANSWEREDTIME"] = str(int(channel.switch.clock.now() - began))
    return -1 if ended.how is How.HANGUP else 0


async def playback(channel: Channel, options: str) -> int:
    """Playback(file&file): sets PLAYBACKSTATUS."""
    channel.answer()
    status = "SUCCESS"
    for file in options.partition(",")[0].split("&"):
        length = channel.switch.length_s(channel, file)
        if length is None:
            channel.note("missing sound", file)
            status = "FAILED"
        elif (await channel.play(file, length, "")).how is How.HANGUP:
            return -1
    channel.variables["PLAYBACKSTATUS"] = status
    return 0


async def wait(channel: Channel, options: str) -> int:
    """Wait(seconds)."""
    try:
        seconds = float(options)
    except ValueError:
        return 0
    return -1 if (await channel.pause(max(0.0, seconds))).how is How.HANGUP else 0


async def answer(channel: Channel, options: str) -> int:  # noqa: ARG001 - Answer()'s delay is of no use here
    """Answer()."""
    channel.answer()
    return -1 if channel.gone else 0


async def hang_up(channel: Channel, options: str) -> int:  # noqa: ARG001 - the cause goes nowhere
    """Hangup()."""
    channel.hang_up("engine")
    return -1


async def set_variable(channel: Channel, options: str) -> int:
    """Set(name=value)."""
    name, _, value = options.partition("=")
    variables.write(channel, name.strip(), value)
    return 0


async def nothing(channel: Channel, options: str) -> int:  # noqa: ARG001 - nothing is done with them
    """NoOp, Verbose, and Goto: where the dialplan goes next makes no difference here."""
    return 0


APPLICATIONS: dict[str, Application] = {
    "answer": answer,
    "audiosocket": audiosocket,
    "dial": dial,
    "goto": nothing,
    "hangup": hang_up,
    "noop": nothing,
    "playback": playback,
    "queue": queue,
    "set": set_variable,
    "verbose": nothing,
    "wait": wait,
}
