from datetime import date

import msgspec
import pytest
from structlog.testing import capture_logs

from ivr_engine.events import (
    Cause,
    ContactEnded,
    FoundClosed,
    LineChosen,
    OperatorAnswered,
    Outcome,
    PrivateNoted,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
)
from ivr_engine.records.articles import Article
from ivr_engine.records.cases import CaseState, CaseTouched, Level


@pytest.fixture
def play(store):
    """Record events and wait until the database has them."""

    def play(*events):
        for event in events:
            store.record(event)
        assert store.writer.flush(10)

    return play


def test_a_call_as_it_stands_in_the_tables(store, story, play):
    play(*story.answered())
    contact = store.contacts.show("C1").contact
    assert (contact.line, contact.dialled, contact.exchange, contact.channel) == ("lavoro", "800196001", "virtual", "channel-C1")
    assert (contact.started_at, contact.ended_at) == (story.noon, story.noon + 39)
    assert (contact.outcome, contact.cause) == (Outcome.ANSWERED, Cause.OPERATOR)
    assert (contact.queue, contact.wait_s, contact.talk_s, contact.operator) == ("lavoro", 6, 30, "op1")
    assert (contact.caller_key, contact.caller_kind, contact.medium, contact.language) == ("key", "mobile", "phone", "it")
    assert contact.citizen == store.citizens.find("333 123 4567").id


def test_the_journal_has_every_event_but_the_private_ones(store, story, play):
    events = list(story.answered())
    play(*events)
    journal = store.contacts.show("C1").journal
    assert [entry.kind for entry in journal] == [type(it).__name__ for it in events if not isinstance(it, PrivateNoted)]
    assert [entry.seq for entry in journal] == list(range(1, len(events)))
    assert journal[-1].data == {"cause": "operator_hung_up", "outcome": "answered"}
    assert journal[-1].at == story.noon + 39
    assert "393331234567" not in str(journal)


def test_an_event_of_an_unknown_contact_makes_a_bare_one(store, play, story):
    play(QueueEntered("C9", story.noon, "sociale", 0, 300))
    contact = store.contacts.show("C9").contact
    assert (contact.started_at, contact.line, contact.queue, contact.outcome) == (story.noon, "", "sociale", None)


def test_every_kind_of_event_may_be_the_first_heard_of_a_contact(store, story, play):
    for number, event in enumerate(story.answered()):
        play(msgspec.structs.replace(event, contact=f"X{number}"))
    assert len(store.contacts.list()) == len(list(story.answered()))
    assert store.writer.health().unapplied == 0


def test_the_first_end_wins(store, story, play):
    play(*story.served())
    with capture_logs() as logs:
        play(
            ContactEnded("C1", story.noon + 99, Cause.ENGINE_LOST, Outcome.ABANDONED_IVR),
            LineChosen("C1", story.noon + 99, "sociale", "v"),
            OperatorAnswered("C1", story.noon + 99, "lavoro", "op1"),
        )
    contact = store.contacts.show("C1").contact
    assert (contact.ended_at, contact.cause, contact.outcome) == (story.noon + 10, Cause.CALLER, Outcome.SERVED_BY_IVR)
    assert (contact.line, contact.operator) == ("lavoro", "")
    assert store.cases.list() == ()
    assert [entry["kind"] for entry in logs] == ["ContactEnded", "LineChosen", "OperatorAnswered"]
    assert [entry.kind for entry in store.contacts.show("C1").journal][-4:] == [
        "ContactEnded",
        "ContactEnded",
        "LineChosen",
        "OperatorAnswered",
    ]


def test_the_line_is_the_last_one_chosen(store, story, play):
    play(*story.started(line="centralino"), LineChosen("C1", story.noon, "sociale", "v"))
    assert store.contacts.show("C1").contact.line == "sociale"


def test_two_stays_in_queues_add_up(store, story, play):
    play(
        *story.started(),
        QueueEntered("C1", story.noon, "lavoro", 0, 60),
        QueueLeft("C1", story.noon + 60, "lavoro", QueueStatus.TIMEOUT, 60, 0),
        QueueEntered("C1", story.noon + 61, "sociale", 0, 60),
        QueueLeft("C1", story.noon + 91, "sociale", QueueStatus.ANSWERED, 10, 20, "queue_log", "op3"),
    )
    contact = store.contacts.show("C1").contact
    assert (contact.queue, contact.wait_s, contact.talk_s, contact.operator) == ("sociale", 70, 20, "op3")


def test_private_values_are_apart_and_the_later_one_counts(store, story, play, ask):
    play(
        *story.started(),
        PrivateNoted("C1", story.noon, "input.cap", "00185"),
        PrivateNoted("C1", story.noon + 5, "input.cap", "00187"),
    )
    assert ask("SELECT name, value FROM private ORDER BY name") == [("input.cap", "00187"), ("number", "+393331234567")]


def test_erasing_leaves_the_journal_but_for_the_key_of_the_caller(store, story, play, ask, folder, wait_until):
    play(*story.answered("C1"), *story.answered("C2"), PrivateNoted("C1", story.noon, "input.cap", "00187"))
    everything = "SELECT contact, seq, at, kind, json_remove(data, '$.caller_key') FROM journal ORDER BY contact, seq"
    keys = "SELECT data ->> 'caller_key' != '' FROM journal WHERE kind = 'ContactStarted' ORDER BY contact"
    before = ask(everything)
    assert ask(keys) == [(1,), (1,)]
    store.erase("C1").result(5)
    assert ask("SELECT contact, name FROM private") == [("C2", "number")]
    assert ask(everything) == before
    assert ask(keys) == [(0,), (1,)]
    assert store.contacts.show("C1").contact.outcome is Outcome.ANSWERED
    wait_until(lambda: not list((folder / "spool").glob("*.jsonl")))  # the spool held the values too
    assert b"00187" not in (folder / "ivr.db").read_bytes()


def test_what_was_erased_leaves_the_write_ahead_log_as_soon_as_nobody_reads(store, story, play, folder, wait_until):
    play(*story.answered("C1"), PrivateNoted("C1", story.noon, "input.cap", "00187"))
    log = folder / "ivr.db-wal"
    assert b"00187" in log.read_bytes()
    with store.administration.look() as connection:
        connection.execute("SELECT * FROM private").fetchall()
        store.erase("C1").result(5)
        assert store.writer.flush(5)  # who reads is not waited for
        assert b"00187" in log.read_bytes()
    wait_until(lambda: b"00187" not in log.read_bytes())
    assert b"00187" not in (folder / "ivr.db").read_bytes()
    play(*story.answered("C2"))
    assert store.contacts.show("C2").contact.outcome is Outcome.ANSWERED


def test_an_operator_who_answers_opens_a_case(open_store, story, ask):
    touched = []
    store = open_store(on_committed=touched.extend)
    for event in story.answered():
        store.record(event)
    assert store.writer.flush(10)
    citizen = store.citizens.find("+393331234567")
    assert touched == [CaseTouched("C1", "2027-000001", opened=True, citizen=citizen.id, line="lavoro")]
    file = store.cases.show("2027-000001")
    assert (file.case.state, file.case.level, file.case.line) == (CaseState.OPEN, Level.FRONT_LINE, "lavoro")
    assert (file.case.opened_at, file.contacts) == (story.noon + 8, ("C1",))
    assert [(change.what, change.contact, change.operator) for change in file.history] == [("opened", "C1", "op1")]
    assert store.contacts.show("C1").cases == ("2027-000001",)


def test_the_open_case_of_citizen_and_line_is_continued(store, story, play):
    play(*story.answered("C1"), *story.answered("C2", story.noon + 600))
    play(*story.answered("C3", story.noon + 900, number="+390612345678"), *story.answered("C4", story.noon + 950, number=""))
    play(*story.answered("C5", story.noon + 999, line="sociale"))
    assert [store.contacts.show(f"C{number}").cases for number in range(1, 6)] == [
        ("2027-000001",),
        ("2027-000001",),
        ("2027-000002",),  # another citizen
        ("2027-000003",),  # nobody knows who
        ("2027-000004",),  # another line
    ]
    file = store.cases.show("2027-000001")
    assert [change.what for change in file.history] == ["opened", "continued"]
    assert file.case.updated_at == story.noon + 608


def test_unknown_callers_never_share_a_case(store, story, play):
    play(*story.answered("C1", number=""), *story.answered("C2", number=""))
    assert store.contacts.show("C1").cases != store.contacts.show("C2").cases


def test_a_finished_case_is_not_continued(store, story, play):
    play(*story.answered("C1"))
    store.writer.submit("close", lambda connection: connection.execute("UPDATE cases SET state = 'closed'")).result(5)
    play(*story.answered("C2"))
    assert store.contacts.show("C2").cases == ("2027-000002",)
    assert [case.number for case in store.cases.open_cases("+393331234567")] == ["2027-000002"]
    assert [case.number for case in store.cases.list(open_only=True)] == ["2027-000002"]
    assert len(store.cases.list()) == 2


def test_a_second_operator_in_the_same_contact_keeps_its_case(open_store, story):
    touched = []
    store = open_store(on_committed=touched.extend)
    for event in (*story.queued(number=""), *(OperatorAnswered("C1", story.noon + at, "lavoro", f"op{at}") for at in (8, 20))):
        store.record(event)
    assert store.writer.flush(10)
    assert [(it.case, it.opened) for it in touched] == [("2027-000001", True), ("2027-000001", False)]
    assert len(store.cases.show("2027-000001").history) == 1
    assert store.contacts.show("C1").contact.operator == "op20"


def test_case_numbers_count_from_one_each_year_in_rome(store, story, play):
    midnight = 1_830_294_000.0  # 2028-01-01 00:00 in Rome, still 2027 in UTC
    play(*story.answered("C1", midnight - 100, number=""), *story.answered("C2", midnight, number=""))
    assert [store.contacts.show(contact).cases for contact in ("C1", "C2")] == [("2027-000001",), ("2028-000001",)]


def test_the_last_answer_heard_says_what_the_case_is_about(store, story, play):
    day = date(2026, 1, 1)
    article = Article("lavoro", "L01", "it", "Title", "Text", "S20", "A", "lavoro", "dimissioni", day, None, day)
    assert store.publish([article], story.noon).result(5) == 1
    play(
        *story.started(),
        PromptHeard("C1", story.noon + 3, "dimissioni", "article.L01", 9000, 100, counts=True),
        PromptHeard("C1", story.noon + 4, "menu", "menu", 9000, 100),
        FoundClosed("C1", story.noon + 5, "lavoro"),
        LineChosen("C1", story.noon + 6, "sociale", "v"),
        OperatorAnswered("C1", story.noon + 8, "sociale", "op3"),
    )
    case = store.cases.show("2027-000001").case
    assert (case.line, case.category, case.topic) == ("sociale", "lavoro", "dimissioni")


def test_a_name_given_stays_with_the_citizen(store, story, play):
    play(*story.started("C1"), PrivateNoted("C1", story.noon, "name", "Maria Rossi"))
    play(*story.started("C2"), PrivateNoted("C2", story.noon, "name", ""))
    assert store.citizens.find("+393331234567").name == "Maria Rossi"
    assert store.citizens.find("+390612345678") is None


def test_what_cannot_be_applied_stops_nothing_else(store, story, ask):
    """A fault of ours in one event: it is in the journal all the same, and what comes before and after is whole."""
    store.writer.submit(
        "break",
        lambda connection: connection.execute("CREATE TRIGGER no_c2 BEFORE INSERT ON cases BEGIN SELECT RAISE(ABORT, 'no'); END"),
    ).result(5)
    with capture_logs() as logs:
        for contact in ("C1", "C2"):
            for event in story.answered(contact):
                store.record(event)
        assert store.writer.flush(10)
    assert store.writer.health().unapplied == 2
    assert [it["event"] for it in logs] == ["an event could not be applied"] * 2
    for contact in ("C1", "C2"):
        assert store.contacts.show(contact).contact.outcome is Outcome.ANSWERED
        assert len(store.contacts.show(contact).journal) == 7
    assert ask("SELECT count(*) FROM cases") == [(0,)]


def test_what_not_even_the_journal_takes_is_left_out(store, story, play):
    with capture_logs() as logs:
        play(LineChosen("C1", 1e300, "lavoro", "v"), *story.served("C2"))
    assert [it["event"] for it in logs] == ["an event could not be applied"] * 2
    assert store.contacts.show("C2").contact.outcome is Outcome.SERVED_BY_IVR
    assert store.writer.health().unapplied == 1
