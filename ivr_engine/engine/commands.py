"""What the control socket can ask of a running engine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from twisted.internet.defer import Deferred

from ivr_engine.errors import IvrError
from ivr_engine.events import ContactEnded, ContactStarted, PromptHeard, QueueEntered, StepEntered
from ivr_engine.exchange.virtual.caller import InteractiveCaller, ScriptedCaller
from ivr_engine.exchange.virtual.exchange import VirtualExchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from ivr_engine.control import Talk
    from ivr_engine.engine.wiring import Engine
    from ivr_engine.exchange.virtual.caller import Caller, CallRecord
    from ivr_engine.routing.feed import Notice


KEY_PACE_S = 0.2
log = structlog.get_logger()


class Call(msgspec.Struct, forbid_unknown_fields=True):
    """A scripted call, as `ivr call` asks for it; see ScriptedCaller."""

    number: str
    keys: str = ""
    caller: str = ""
    hangup_after: str = ""


class Phone(msgspec.Struct, forbid_unknown_fields=True):
    """An interactive call, as `ivr phone` asks for it."""

    number: str
    caller: str = ""


class Watch(msgspec.Struct, forbid_unknown_fields=True):
    """Notices as they happen; of one operator, only that operator's screen-pops."""

    operator: str | None = None


def commands(engine: Engine) -> dict[str, Callable[[Talk, dict[str, Any]], None]]:
    """By the name the socket's first line gives."""
    return {
        "status": lambda talk, _request: _status(engine, talk),
        "reload": lambda talk, _request: _reload(engine, talk),
        "watch": lambda talk, request: _watch(engine, talk, _as(Watch, request)),
        "call": lambda talk, request: _call(engine, talk, _as(Call, request)),
        "phone": lambda talk, request: _phone(engine, talk, _as(Phone, request)),
    }


def _as(kind: type[Any], request: dict[str, Any]) -> Any:
    try:
        return msgspec.convert(request, kind)
    except msgspec.ValidationError as error:
        raise IvrError(f"the request is not understood: {error}") from error


def _status(engine: Engine, talk: Talk) -> None:
    agi, spool, writer = engine.server.statistics(), engine.store.spool.statistics(), engine.store.writer.health()
    talk.tell(
        "status",
        exchange=engine.exchange.name,
        port=engine.port,
        open_contacts=len(engine.contacts),
        calls=asdict(agi),
        spool=asdict(spool),
        store=asdict(writer),
        functions={line: asdict(pool) for line, pool in engine.pools.statistics().items()},
    )
    talk.end()


def _reload(engine: Engine, talk: Talk) -> None:
    def done(versions: dict[str, int]) -> None:
        talk.tell("reloaded", versions=versions)
        talk.end()

    def failed(failure: Failure) -> None:
        error = failure.value
        message = error.message if isinstance(error, IvrError) else f"the engine failed: {type(error).__name__}"
        log.error("reloading failed; calls are served as before", error=str(error))
        talk.tell("error", message=message, hint="calls are served as before")
        talk.end()

    Deferred.fromCoroutine(engine.reload()).addCallbacks(done, failed)


def _watch(engine: Engine, talk: Talk, request: Watch) -> None:
    def deliver(notice: Notice) -> None:
        talk.tell(type(notice).__name__, **msgspec.to_builtins(notice))

    talk.on_gone = engine.feed.subscribe(deliver, request.operator)
    talk.tell("watching", operator=request.operator)


def dial(engine: Engine, number: str, caller: Caller, done: Callable[[CallRecord, str], None], hangup_after: str = "") -> None:
    """Call on the built-in exchange; `done` gets the record and the outcome ("" when the contact is still being followed).

    `hangup_after` is a step of the tree: the caller hangs up when its prompt was heard, in a queue step when waiting begins.
    """
    if not isinstance(engine.exchange, VirtualExchange):
        raise IvrError("this engine is on Asterisk", "dial it with a telephone, or add --own for the built-in exchange")
    if hangup_after and not any(hangup_after in line.tree.steps for line in engine.lines.lines.values()):
        raise IvrError(f"no line has a step {hangup_after}", "steps are named in each line's line.yaml")
    look = _Look(caller, hangup_after)
    forget = engine.feed.subscribe(look.notice)

    def over(record: CallRecord) -> None:
        forget()
        done(record, look.outcome)

    try:
        call = engine.exchange.dial(number, caller)
    except BaseException:
        forget()
        raise
    call.addCallback(over)


class _Look:
    """Looks on at one call among all: its outcome, and the moment to hang up."""

    def __init__(self, caller: Caller, hangup_after: str) -> None:
        self._caller, self._hangup_after = caller, hangup_after
        self._contact = self._step = self._kind = self.outcome = ""

    def notice(self, notice: Notice) -> None:
        """A fact of any call."""
        channel = self._caller.channel
        if isinstance(notice, ContactStarted) and channel is not None and notice.channel == channel.uniqueid:
            self._contact = notice.contact
        if notice.contact != self._contact:
            return
        match notice:
            case StepEntered():
                self._step, self._kind = notice.step, notice.kind
            case ContactEnded():
                self.outcome = notice.outcome
            case QueueEntered() if self._step == self._hangup_after:
                self._caller.hang_up()
            case PromptHeard() if self._step == self._hangup_after and self._kind != "queue":
                self._caller.hang_up()


def record_as_json(engine: Engine, record: CallRecord, outcome: str) -> dict[str, Any]:
    """A finished call, for the command line: who said and pressed what, when, and how it ended."""
    return {
        "contact": record.contact,
        "line": record.line,
        "outcome": outcome,
        "ended_by": record.ended_by,
        "way": record.way,
        "transcript": [
            {"s": moment.seconds, "what": moment.what, "text": engine.lines.catalogue.text("it", moment.detail)}
            for moment in record.transcript
        ],
    }


def scripted(request: Call) -> ScriptedCaller:
    """The caller of a request. Raises IvrError when the keys are none."""
    try:
        return ScriptedCaller(request.keys, request.caller)
    except ValueError as error:
        raise IvrError(str(error)) from error


def _call(engine: Engine, talk: Talk, request: Call) -> None:
    def done(record: CallRecord, outcome: str) -> None:
        talk.tell("done", **record_as_json(engine, record, outcome))
        talk.end()

    caller = scripted(request)
    talk.on_gone = caller.hang_up
    dial(engine, request.number, caller, done, request.hangup_after)


def _phone(engine: Engine, talk: Talk, request: Phone) -> None:
    catalogue = engine.lines.catalogue

    def done(record: CallRecord, outcome: str) -> None:
        talk.tell("done", contact=record.contact, outcome=outcome, ended_by=record.ended_by)
        talk.end()

    caller = InteractiveCaller(
        request.caller,
        on_sound=lambda file: talk.tell("sound", text=catalogue.text("it", file)),
        on_queue=lambda queue: talk.tell("queue", queue=queue),
        on_talk=lambda operator: talk.tell("talk", operator=operator),
    )

    def press(key: str) -> None:
        talk.tell("key", key=key, taken=caller.press(key))

    def keyed(line: dict[str, Any]) -> None:
        if line.get("hang_up"):
            caller.hang_up()
        # Keys typed at once are pressed as a finger would: between two of them the engine has to listen again.
        for place, key in enumerate(str(line.get("keys", ""))):
            engine.clock.callLater(place * KEY_PACE_S, press, key)

    talk.on_line = keyed
    talk.on_gone = caller.hang_up
    dial(engine, request.number, caller, done)
