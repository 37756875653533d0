import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine.events import (
    FoundClosed,
    InputTaken,
    OperatorAnswered,
    OperatorRang,
    Outcome,
    PromptHeard,
    QueueEntered,
    QueueLeft,
    QueueStatus,
    StepEntered,
)
from ivr_engine.records.outcome import OutcomeFold


def outcome(*events, share=0.8):
    fold = OutcomeFold()
    for event in events:
        fold.apply(event)
    return fold.outcome(share)


def heard(ms, of=1000, step="answer", counts=True):
    return PromptHeard("C1", 0, step, "prompt", of, ms, counts)


def left(status):
    return QueueLeft("C1", 0, "lavoro", status, 5, 0)


def step(name="answer"):
    return StepEntered("C1", 0, "lavoro", name, "answer")


ENTERED = QueueEntered("C1", 0, "lavoro", 0, 300)
ANSWERED = OperatorAnswered("C1", 0, "lavoro", "op1")
CLOSED = FoundClosed("C1", 0, "lavoro")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], Outcome.ABANDONED_IVR),
        ([step(), heard(799)], Outcome.ABANDONED_IVR),
        ([step(), heard(800)], Outcome.SERVED_BY_IVR),
        ([step(), heard(1000, counts=False)], Outcome.ABANDONED_IVR),
        # an answer of several prompts is one answer
        ([step(), heard(1000), heard(0, of=9000)], Outcome.ABANDONED_IVR),
        ([step(), heard(1000), heard(700)], Outcome.SERVED_BY_IVR),
        ([step(), heard(1000), heard(500)], Outcome.ABANDONED_IVR),
        ([step(), heard(1000), InputTaken("C1", 0, "answer", "repeat", "*"), heard(500)], Outcome.ABANDONED_IVR),
        # the same answer heard twice in part is not an answer heard
        ([step(), heard(500), step(), heard(500)], Outcome.ABANDONED_IVR),
        ([step(), heard(900), step(), heard(100)], Outcome.SERVED_BY_IVR),
        ([heard(900, step="one"), heard(100, step="two")], Outcome.SERVED_BY_IVR),
        # a prompt whose length nobody knows
        ([step(), heard(1, of=0)], Outcome.SERVED_BY_IVR),
        ([step(), heard(0, of=0)], Outcome.ABANDONED_IVR),
        # closed hours
        ([CLOSED], Outcome.CLOSED_HOURS),
        ([step(), heard(1000), CLOSED], Outcome.CLOSED_HOURS),
        ([CLOSED, step(), heard(1000)], Outcome.SERVED_BY_IVR),
        ([CLOSED, step(), heard(100)], Outcome.CLOSED_HOURS),
        # the queue
        ([step(), heard(1000), ENTERED], Outcome.ABANDONED_QUEUE),
        ([ENTERED, OperatorRang("C1", 0, "lavoro", "op1")], Outcome.ABANDONED_QUEUE),
        ([ENTERED, left(QueueStatus.ABANDONED)], Outcome.ABANDONED_QUEUE),
        ([ENTERED, left(QueueStatus.TIMEOUT)], Outcome.TIMED_OUT),
        ([ENTERED, left(QueueStatus.TIMEOUT), step(), heard(1000)], Outcome.TIMED_OUT),
        ([ENTERED, left(QueueStatus.TIMEOUT), CLOSED], Outcome.TIMED_OUT),
        ([ENTERED, left(QueueStatus.FULL)], Outcome.QUEUE_FULL),
        ([ENTERED, left(QueueStatus.TIMEOUT), ENTERED, left(QueueStatus.FULL)], Outcome.QUEUE_FULL),
        ([ENTERED, left(QueueStatus.TIMEOUT), ENTERED], Outcome.ABANDONED_QUEUE),
        *[
            ([ENTERED, left(status)], Outcome.NO_OPERATORS)
            for status in QueueStatus
            if status not in (QueueStatus.ANSWERED, QueueStatus.ABANDONED, QueueStatus.TIMEOUT, QueueStatus.FULL)
        ],
        # a talk outweighs all
        ([ENTERED, ANSWERED], Outcome.ANSWERED),
        ([ENTERED, left(QueueStatus.ANSWERED)], Outcome.ANSWERED),
        ([ENTERED, ANSWERED, left(QueueStatus.ANSWERED), ENTERED, left(QueueStatus.ABANDONED)], Outcome.ANSWERED),
    ],
)
def test_outcome_by_cause(events, expected):
    assert outcome(*events) is expected


def test_the_share_is_a_setting():
    assert outcome(step(), heard(500), share=0.5) is Outcome.SERVED_BY_IVR
    assert outcome(step(), heard(999), share=1.0) is Outcome.ABANDONED_IVR
    assert outcome(step(), share=0.0) is Outcome.ABANDONED_IVR


EVENTS = st.one_of(
    st.builds(heard, st.integers(0, 1000), st.integers(0, 1000), st.sampled_from("ab"), st.booleans()),
    st.builds(step, st.sampled_from("ab")),
    st.builds(left, st.sampled_from(QueueStatus)),
    st.sampled_from([ENTERED, ANSWERED, CLOSED, OperatorRang("C1", 0, "lavoro", "op1")]),
)


@given(st.lists(EVENTS, max_size=30), st.floats(0, 1))
def test_every_call_has_one_outcome_and_always_the_same(events, share):
    first = outcome(*events, share=share)
    assert first in Outcome
    assert outcome(*events, share=share) is first


@given(st.lists(EVENTS, max_size=30))
def test_what_decides(events):
    result = outcome(*events)
    talked = ANSWERED in events or left(QueueStatus.ANSWERED) in events
    assert (result is Outcome.ANSWERED) == talked
    if result in (Outcome.SERVED_BY_IVR, Outcome.ABANDONED_IVR, Outcome.CLOSED_HOURS):
        assert ENTERED not in events
        assert not any(isinstance(event, QueueLeft) for event in events)
    if result is Outcome.CLOSED_HOURS:
        assert CLOSED in events
    if result is Outcome.SERVED_BY_IVR:
        assert any(isinstance(event, PromptHeard) and event.counts for event in events)


@given(st.lists(EVENTS, max_size=20), st.data())
def test_asking_in_between_changes_nothing(events, data):
    fold, at = OutcomeFold(), data.draw(st.integers(0, len(events)))
    for number, event in enumerate(events):
        if number == at:
            fold.outcome()
        fold.apply(event)
    assert fold.outcome() is outcome(*events)


def test_the_document_has_a_row_for_every_outcome():
    text = (Path(__file__).parents[2] / "docs" / "outcomes.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(Outcome)
