import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine import events
from ivr_engine.records.codec import Unreadable, decode_line, encode_line, from_journal, journal_data

FIELDS = {
    str: st.text(st.characters(exclude_categories=("Cs",)), max_size=30),
    float: st.floats(0, 4e9, allow_nan=False),
    int: st.integers(-(2**63), 2**63 - 1),
}


def builds(kind):
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: FIELDS[hint] if hint in FIELDS else st.from_type(hint) for name, hint in hints.items()})


ANY_EVENT = st.one_of(*map(builds, typing.get_args(events.Event)))


@given(ANY_EVENT)
def test_every_event_comes_back_from_its_line(event):
    line = encode_line(event)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_line(line) == event


@given(ANY_EVENT)
def test_every_event_comes_back_from_its_journal_row(event):
    data = journal_data(event)
    assert from_journal(type(event).__name__, event.contact, event.at, data) == event


def test_the_journal_data_repeats_neither_contact_nor_time():
    assert journal_data(events.LineChosen("C1", 1.0, "lavoro", "v")) == '{"line":"lavoro","version":"v"}'


def test_bytes_that_were_no_text_are_mended():
    event = events.ContactStarted("C1", 1.0, "lavoro", "80\udce80", "asterisk", "ch", "", "other", "it")
    assert decode_line(encode_line(event)).dialled == "80?0"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\0\0\0\0\n",
        b"[]\n",
        b'["LineChosen"]\n',
        b'["Nonsense",{}]\n',
        b'["LineChosen",{"contact":"C1"}]\n',
        b'["LineChosen",{"contact":"C1","at":"now","line":"x","version":"v"}]\n',
        b'["LineChosen",{"contact":"C1","at":1.0,"line":"x","ver',
        b'["LineChosen",{"contact":"\xff","at":1.0,"line":"x","version":"v"}]\n',
    ],
)
def test_what_is_no_event_is_said_to_be_none(line):
    with pytest.raises(Unreadable):
        decode_line(line)
    with pytest.raises(Unreadable):
        from_journal("Nonsense", "C1", 1.0, "{}")
