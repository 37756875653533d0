"""The mended manager client against a manager that misbehaves."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.ami import Ami

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .fake_manager import FakeManager


class Ear:
    """What the client told, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, str]] = []
        self.lost = threading.Event()
        self._told = threading.Condition()

    def hear(self, event: Mapping[str, str]) -> None:
        with self._told:
            self.events.append(event)
            self._told.notify()

    def wait_for(self, count: int) -> list[str]:
        with self._told:
            assert self._told.wait_for(lambda: len(self.events) >= count, 5)
        return [event["Event"] for event in self.events]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def ami(manager: FakeManager, ear: Ear) -> Iterator[Ami]:
    ami = Ami(ear.hear, ear.lost.set, timeout=0.5)
    yield ami
    ami.close()


def connected(ami: Ami, manager: FakeManager) -> Ami:
    ami.connect("127.0.0.1", manager.port)
    ami.login("ivr", "right")
    return ami


def test_it_logs_in_with_events_off(ami: Ami, manager: FakeManager) -> None:
    connected(ami, manager)
    assert manager.heard[0]["Action"] == "Login"
    assert manager.heard[0]["Events"] == "off"


def test_a_wrong_secret_is_one_sentence_without_the_secret(ami: Ami, manager: FakeManager) -> None:
    ami.connect("127.0.0.1", manager.port)
    with pytest.raises(Unavailable, match="refused the user 'ivr': Permission denied") as refused:
        ami.login("ivr", "hunter2")
    assert "hunter2" not in str(refused.value)


def test_nobody_listens_there(ear: Ear, manager: FakeManager) -> None:
    manager.close()
    with pytest.raises(Unavailable, match="cannot be reached"):
        Ami(ear.hear, ear.lost.set, timeout=0.5).connect("127.0.0.1", manager.port)


@pytest.mark.parametrize("greeting", ["HTTP/1.1 400 Bad Request\r\n", "\r\n"])
def test_something_else_listens_there(ami: Ami, manager: FakeManager, greeting: str) -> None:
    manager.greeting = greeting
    with pytest.raises(Unavailable, match="is not Asterisk's manager"):
        ami.connect("127.0.0.1", manager.port)


def test_what_listens_there_says_nothing(ami: Ami, manager: FakeManager) -> None:
    manager.greeting = ""
    with pytest.raises(Unavailable, match="cannot be reached: timed out"):
        ami.connect("127.0.0.1", manager.port)


def test_an_action_without_reply_is_given_up_and_its_late_reply_is_nobodys(ami: Ami, manager: FakeManager) -> None:
    connected(ami, manager)
    manager.mute.add("Ping")
    with pytest.raises(Unavailable, match=r"did not answer within 0\.5 s"):
        ami.ping()
    late = manager.heard[-1]["ActionID"]
    manager.mute.clear()
    manager.say(f"Response: Error\r\nActionID: {late}\r\nMessage: late\r\n\r\n")
    assert ami.ping()["Response"] == "Success"


def test_actions_do_not_share_their_headers(ami: Ami, manager: FakeManager) -> None:
    connected(ami, manager)
    ami.send_action({"Action": "Ping"}, Extra="one")
    ami.send_action(Action="Ping")
    assert manager.heard[-2]["Extra"] == "one"
    assert set(manager.heard[-1]) == {"Action", "ActionID"}


def test_a_line_end_in_an_action_is_refused(ami: Ami, manager: FakeManager) -> None:
    connected(ami, manager)
    with pytest.raises(ValueError, match="line end"):
        ami.send_action({"Action": "Ping\r\n\r\nAction: Originate"})
    assert ami.ping()["Response"] == "Success"
    assert "Originate" not in manager.names()


@pytest.mark.parametrize(
    "text",
    [
        "Event: A\r\nChanVariable: x=1\r\nChanVariable: y=2\r\n\r\n",
        "Event: A\r\nCallerIDName: status will follow\r\n\r\n",
        "Event: A\r\nCallerIDName: --END COMMAND--\r\n\r\n",
        "Event: A\r\nthis is no header\r\n\r\n",
        "Event: A\r\nCallerIDName: \xff\xfe\r\n\r\n",
        "Event: A\r\nLong: " + "x" * 200_000 + "\r\n\r\n",
        "\r\n\r\nEvent: A\r\n\r\n",
        "Nonsense: 1\r\n\r\nEvent: A\r\n\r\n",
    ],
)
def test_no_message_makes_it_deaf(ami: Ami, manager: FakeManager, ear: Ear, text: str) -> None:
    connected(ami, manager)
    manager.say(text)
    manager.event("B", Uniqueid="1")
    assert ear.wait_for(2) == ["A", "B"]


def test_messages_in_any_pieces(ami: Ami, manager: FakeManager, ear: Ear) -> None:
    connected(ami, manager)
    for character in "Event: A\r\nUniqueid: 1\r\n\r\nEvent: B\r\n\r\n":
        manager.say(character)
    assert ear.wait_for(2) == ["A", "B"]
    assert ear.events[0]["Uniqueid"] == "1"


@pytest.mark.parametrize(("tell", "told"), [(False, []), (True, ["QueueParams", "QueueEntry", "QueueStatusComplete"])])
def test_a_list_is_read_to_its_end_with_other_events_between(
    ami: Ami, manager: FakeManager, ear: Ear, tell: bool, told: list[str]
) -> None:
    manager.rows["QueueStatus"] = [{"Event": name, "Queue": "lavoro"} for name in ("QueueParams", "QueueEntry")]
    connected(ami, manager)
    manager.event("A")
    assert [row["Event"] for row in ami.rows("QueueStatus", tell=tell)] == ["QueueParams", "QueueEntry"]
    manager.event("B")
    assert ear.wait_for(len(told) + 2) == ["A", *told, "B"]


def test_a_list_of_one_queue(ami: Ami, manager: FakeManager) -> None:
    connected(ami, manager)
    ami.rows("QueueStatus")
    ami.rows("QueueStatus", "lavoro")
    assert [action.get("Queue") for action in manager.heard if action["Action"] == "QueueStatus"] == [None, "lavoro"]


def test_a_list_that_is_refused(ami: Ami, manager: FakeManager) -> None:
    manager.refused.add("CoreShowChannels")
    connected(ami, manager)
    with pytest.raises(Unavailable, match="refused CoreShowChannels"):
        ami.rows("CoreShowChannels")


def test_a_lost_link_is_told_at_once(ami: Ami, manager: FakeManager, ear: Ear) -> None:
    connected(ami, manager)
    assert not ear.lost.is_set()
    manager.cut()
    assert ear.lost.wait(5)
    with pytest.raises(Unavailable, match=r"closed the manager connection|broke"):
        ami.ping()


def test_a_link_lost_while_a_reply_is_awaited_ends_the_wait(manager: FakeManager, ear: Ear) -> None:
    ami = connected(Ami(ear.hear, ear.lost.set, timeout=30), manager)
    manager.mute.add("Ping")
    threading.Timer(0.2, manager.cut).start()
    with pytest.raises(Unavailable, match="closed the manager connection"):
        ami.ping()
    ami.close()


def test_closed_from_another_thread_it_lets_go(ami: Ami, manager: FakeManager, ear: Ear) -> None:
    connected(ami, manager)
    ami.close()
    ami.close()
    assert ear.lost.wait(5)
