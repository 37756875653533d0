"""Telephones in browsers, on the built-in exchange: the caller's side of a call over the live feed of one tab.

Whoever has a microphone speaks: 20 ms of samples a message of bytes, both ways, while the engine listens and not otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from twisted.internet.defer import Deferred

from ivr_engine.console.microphone import Microphone
from ivr_engine.errors import IvrError
from ivr_engine.exchange.virtual.caller import InteractiveCaller
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.records.citizens import caller_of

if TYPE_CHECKING:
    from ivr_engine.console.live import Tab
    from ivr_engine.console.refusals import Refusals
    from ivr_engine.console.visit import Office

_KEYS = frozenset("0123456789*#")


def offered(office: Office) -> bool:
    """Never beside a real exchange: citizens have telephones of their own."""
    return office.settings.console.phone and isinstance(office.exchange, VirtualExchange)


def takes_voice(office: Office) -> bool:
    """Whether callers here may speak. Nobody can in fast time."""
    return offered(office) and office.listens() and office.settings.virtual.time == "real"


class Phones:
    """One call a tab; it ends with the tab."""

    def __init__(self, office: Office, refusals: Refusals) -> None:
        self._office = office
        self._refusals = refusals
        self._calls: dict[Tab, InteractiveCaller] = {}
        office.live.listen("phone-dial", self._dial)
        office.live.listen("phone-key", self._key)
        office.live.listen("phone-mute", self._mute)
        office.live.listen("phone-hang-up", self._hang_up)

    def _dial(self, tab: Tab, message: dict[str, Any]) -> None:
        exchange = self._office.exchange
        if tab in self._calls or not isinstance(exchange, VirtualExchange):
            return
        given = str(message.get("from", ""))[:20]
        caller = InteractiveCaller(
            caller_of(given).number or "",
            on_sound=lambda file: self._sound(tab, file),
            on_listening=lambda: tab.send("phone-listening"),
            on_queue=lambda _queue: tab.send("phone-queue"),
            on_talk=lambda operator: tab.send("phone-talk", operator=operator),
            on_hangup=lambda by: tab.send("phone-over", by=by),
            speaks=message.get("voice") is True and takes_voice(self._office),
            on_conversation=lambda name: self._conversation(tab, microphone, name),
            on_voice=tab.send_bytes,
        )
        microphone = Microphone(self._office.reactor, caller.speak, lambda: self._lost(tab, caller), tab.close)
        if caller.speaks:
            tab.on_bytes = microphone.take  # for good: frames may still be on their way when the call is over
        try:
            call = exchange.dial(str(message.get("number", ""))[:20], caller)
        except IvrError as error:
            tab.send("phone-refused", why=self._refusals.say(str(message.get("language", "")), error))
            return
        self._calls[tab] = caller
        tab.on_gone.append(caller.hang_up)
        Deferred.addBoth(call, lambda _record: self._calls.pop(tab, None) and None)

    def _sound(self, tab: Tab, file: str) -> None:
        language = self._language(tab)
        tab.send("phone-sound", url=f"/phone/sounds/{language}/{quote(file)}", text=self._text(language, file))

    def _conversation(self, tab: Tab, microphone: Microphone, name: str) -> None:
        microphone.listen(bool(name))
        language = self._language(tab)
        texts = [self._text(language, file) for file in self._office.sounds_of(name)] if name else []
        tab.send("phone-conversation", on=bool(name), texts=texts)

    def _language(self, tab: Tab) -> str:
        caller = self._calls.get(tab)
        return caller.channel.language if caller is not None and caller.channel is not None else "it"

    def _text(self, language: str, file: str) -> str:
        return self._office.lines().catalogue.text(language, file.removeprefix("ivr/"))

    def _key(self, tab: Tab, message: dict[str, Any]) -> None:
        caller, key = self._calls.get(tab), str(message.get("key", ""))
        if caller is not None and key in _KEYS:
            tab.send("phone-key", key=key, taken=caller.press(key))

    def _lost(self, tab: Tab, caller: InteractiveCaller) -> None:
        """Nothing comes from the microphone: who waits in silence for an answer would be asked again and again."""
        caller.lose_voice()
        tab.send("phone-voiceless")

    def _mute(self, tab: Tab, _message: dict[str, Any]) -> None:
        if caller := self._calls.get(tab):
            caller.lose_voice()

    def _hang_up(self, tab: Tab, _message: dict[str, Any]) -> None:
        caller = self._calls.get(tab)
        if caller is not None:
            caller.hang_up()
