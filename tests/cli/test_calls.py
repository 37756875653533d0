"""Calls on a running engine, and those who look on: `call`, `phone`, `watch`, `contacts`, `cases`, over the control socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest

from ivr_engine.records.store import StoreReader

from .site import TRIAL

if TYPE_CHECKING:
    from .site import Site


def test_a_scripted_call_prints_what_was_heard_and_how_it_ended(running: Site) -> None:
    done = running.run("call", TRIAL, "--keys", "1", "--hangup-after", "risposta")
    assert (done.returncode, done.stderr) == (0, "")
    *told, end = done.stdout.splitlines()
    assert [line.split(maxsplit=1)[1] for line in told if "heard" in line][-1] == "heard      Questa è una risposta approvata."
    assert end.endswith(": served_by_ivr (ended by caller)")
    contact = end.split()[1].rstrip(":")
    assert running.json("contacts", "show", contact)["contact"]["outcome"] == "served_by_ivr"


def test_a_person_keys_their_way_and_hears_the_line(running: Site) -> None:
    phone = running.start("phone", TRIAL)
    phone.wait_for("Risposta, 1.")
    phone.type("2")
    phone.wait_for("[2]")
    phone.wait_for("Il CAP, prego.")
    phone.type("00187")
    phone.wait_for("Il suo ufficio è")
    phone.wait_for("call over (engine)")  # said by itself, while the keypad still waits for a line
    assert phone.wait() == 0
    assert phone.lines[-1].endswith(": served_by_ivr")
    assert "Fatal" not in phone.text


@pytest.mark.parametrize("how", ["an empty line", "Ctrl-D"])
def test_a_person_hangs_up(running: Site, how: str) -> None:
    phone = running.start("phone", TRIAL)
    phone.wait_for("Risposta, 1.")
    phone.hang_up() if how == "Ctrl-D" else phone.type("")
    assert phone.wait() == 0
    assert "call over (caller)" in phone.lines[-1]
    assert phone.lines[-1].endswith(": abandoned_ivr")


def test_a_telephone_that_is_killed_hangs_up(running: Site) -> None:
    watch = running.start("watch", "--json")
    watch.wait_for('"watching"')
    phone = running.start("phone", TRIAL)
    phone.wait_for("Risposta, 1.")
    phone.signal(signal.SIGKILL)
    ended = json.loads(watch.wait_for('"ContactEnded"'))
    assert (ended["cause"], ended["outcome"]) == ("caller_hung_up", "abandoned_ivr")
    watch.close()


def test_everybody_who_watches_sees_the_call_and_only_the_rung_operator_the_card(running: Site) -> None:
    everybody, rung, other = (
        running.start("watch", *how) for how in ([], ["--json", "--operator", "op1"], ["--json", "--operator", "op2"])
    )
    for watch in (everybody, rung, other):
        watch.wait_for("watching")
    phone = running.start("phone", TRIAL, "--from", "+393331234567")
    phone.wait_for("Risposta, 1.")
    phone.type("7").wait_for("Il CAP, prego.")
    phone.type("00187")
    phone.wait_for("waiting in the queue lavoro")
    phone.wait_for("op1 answers")
    phone.wait_for("call over")
    everybody.wait_for("ContactEnded")
    for watch in (everybody, rung, other):
        watch.signal(signal.SIGINT)
        assert watch.wait() == 0
    (pop,) = [json.loads(line) for line in rung.lines if "watching" not in line]
    assert (pop["type"], pop["operator"], pop["number"]) == ("ScreenPop", "op1", "•••••••••••67")
    assert (pop["inputs"], pop["line"]) == ({"cap": "00187"}, "prova")
    assert pop["path"] == [["prova", "menu", "7"], ["prova", "pratica", ""], ["prova", "operatore", ""]]
    assert [line for line in other.lines if "watching" not in line] == []
    card = everybody.text.partition("SCREEN-POP for op1: •••••••••••67")[2]
    assert "walked menu[7] > pratica > operatore" in card
    assert "keyed cap 00187; open cases: " in card
    for kind in (
        "ContactStarted",
        "StepEntered",
        "InputTaken",
        "QueueEntered",
        "OperatorRang",
        "OperatorAnswered",
        "CaseTouched",
    ):
        assert kind in everybody.text, kind
    facts = [line for line in everybody.lines if "SCREEN-POP" not in line and not line.startswith("         ")]
    assert not [line for line in facts if "3331234567" in line or "00187" in line]


def test_what_happened_is_looked_up_afterwards(running: Site) -> None:
    called = running.json("call", TRIAL, "--keys", "0", "--from", "+390612345678")
    assert (called["outcome"], called["way"]) == ("answered", "done")
    contact = called["contact"]
    (row,) = [row for row in running.json("contacts", "list", "--line", "prova", "--outcome", "answered") if row["id"] == contact]
    assert (row["operator"], row["cause"], row["dialled"]) == ("op1", "operator_hung_up", TRIAL)
    shown = running.run("contacts", "show", contact)
    assert shown.returncode == 0
    assert f"{contact}  prova  " in shown.stdout
    assert "outcome: answered  cause: operator_hung_up  cases: " in shown.stdout
    assert "OperatorAnswered" in shown.stdout
    assert "0612345678" not in shown.stdout
    listed = running.run("contacts", "list", "--limit", "1")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["contact", "-" * 15, contact]
    assert running.json("contacts", "list", "--outcome", "queue_full") == []
    assert running.json("contacts", "list", "--open") == []

    (number,) = running.json("contacts", "show", contact)["cases"]
    assert running.json("call", TRIAL, "--keys", "0", "--from", "+390612345678")["outcome"] == "answered"
    with StoreReader(running.data).administration.change() as connection:
        connection.execute(
            "INSERT INTO case_history (case_id, seq, at, what, operator, detail)"
            " SELECT id, 9, 0, 'note', 'op1', 'Chiama la signora Bianchi' FROM cases WHERE number = ?",
            (number,),
        )
    case = running.json("cases", "show", number)
    assert [(it["what"], it["detail"]) for it in case["history"]] == [("opened", ""), ("continued", ""), ("note", "")]
    text = running.run("cases", "show", number).stdout
    assert text.startswith(f"{number}  prova  ")
    assert f"opened     contact {contact}  op1" in text
    assert number in running.run("cases", "list", "--open", "--line", "prova").stdout
    assert number in {row["number"] for row in running.json("cases", "list")}
    assert running.json("cases", "list", "--line", "lavoro") == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["contacts", "show", "NONE"], "there is no contact NONE (ivr contacts list shows them)"),
        (["cases", "show", "NONE"], "there is no case NONE (ivr cases list shows them)"),
        (["call", TRIAL, "--keys", "1 x"], "'x' is not an input: keys"),
        (["call", TRIAL, "--hangup-after", "nowhere"], "no line has a step nowhere"),
        (["call", "800196999"], "no line has the number 800196999 (numbers: 800196001, "),
        (["phone", "800196999"], "no line has the number 800196999"),
        (["phone", TRIAL, "--voice"], "nobody listens to voices here (`ivr doctor` says what is missing; "),
    ],
)
def test_what_is_not_there_is_one_sentence(running: Site, command: list[str], sentence: str) -> None:
    assert running.refused(*command).startswith(sentence)


def test_two_engines_on_one_store_are_refused(running: Site) -> None:
    assert "another engine (process " in running.refused("serve")


class Socket:
    """A hand on the control socket."""

    def __init__(self, site: Site) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        here = os.open(site.data, os.O_PATH)  # a socket's name is short, a test's folder is not
        try:
            self._socket.connect(f"/proc/self/fd/{here}/control.sock")
        finally:
            os.close(here)
        self._lines = self._socket.makefile("rb")

    def ask(self, line: bytes) -> list[dict[str, Any]]:
        """All answers to a line, up to the end of the conversation."""
        self._socket.sendall(line)
        answers = [json.loads(answer) for answer in self._lines]
        self._lines.close()
        self._socket.close()
        return answers


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"garbage\n", "not a request: "),
        (b"[1, 2]\n", "not a request: "),
        (b"\xff\xfe\n", "not a request: "),
        (b"\n", "not a request: "),
        (b'{"do": "dance"}\n', "the engine knows no command 'dance'"),
        (b'{"do": 7}\n', "the engine knows no command 7"),
        (b'{"do": []}\n', "the engine knows no command []"),
        (b"{}\n", "the engine knows no command ''"),
        (b'{"do": "call"}\n', "the request is not understood: "),
        (b'{"do": "call", "number": 5}\n', "the request is not understood: "),
        (b'{"do": "watch", "who": "op1"}\n', "the request is not understood: "),
    ],
)
def test_the_control_socket_answers_nonsense_and_goes_on(running: Site, line: bytes, message: str) -> None:
    (answer,) = Socket(running).ask(line)
    assert answer["type"] == "error"
    assert answer["message"].startswith(message)
    assert Socket(running).ask(b'{"do": "status"}\n')[0]["exchange"] == "virtual"


def test_a_line_without_end_is_cut_off(running: Site) -> None:
    assert Socket(running).ask(b"x" * 70_000 + b"\n") == []
    assert Socket(running).ask(b'{"do": "status"}\n')[-1] == {"type": "end"}


def test_status_tells_how_the_engine_does(running: Site) -> None:
    status, end = Socket(running).ask(b'{"do": "status"}\n')
    assert end == {"type": "end"}
    assert (status["open_contacts"], status["calls"]["up"], status["store"]["state"]) == (0, 0, "works")
    assert (status["spool"]["lost"], status["functions"]["prova"]["threads"]) == (0, 2)


def test_nonsense_in_the_middle_of_a_call_ends_it(running: Site) -> None:
    answers = Socket(running).ask(f'{{"do": "phone", "number": "{TRIAL}"}}\n'.encode() + b"garbage\n")
    assert answers[-1]["type"] == "error"
    assert running.json("call", TRIAL, "--keys", "!")["outcome"] == "abandoned_ivr"
    assert running.json("contacts", "list", "--open") == []


def test_the_control_socket_is_for_its_owner_only(running: Site) -> None:
    assert stat.S_IMODE((running.data / "control.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE(running.data.stat().st_mode) == 0o700
