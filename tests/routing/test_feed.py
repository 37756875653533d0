"""The feed: who is told of what."""

from ivr_engine.events import Cause, ContactEnded, Outcome, StepEntered
from ivr_engine.routing.feed import Feed, Notice

STEP = StepEntered("C1", 1.0, "lavoro", "menu", "menu")
END = ContactEnded("C1", 2.0, Cause.CALLER, Outcome.SERVED_BY_IVR)


def test_of_the_kinds_one_asked_for_and_until_one_leaves() -> None:
    feed, all_, ends = Feed(), list[Notice](), list[Notice]()
    leave = feed.subscribe(all_.append)
    feed.publish(STEP)
    feed.subscribe(ends.append, kinds=(ContactEnded,))  # after the first of its kind was told
    for notice in (STEP, END):
        feed.publish(notice)
    assert (all_, ends) == ([STEP, STEP, END], [END])
    leave()
    leave()
    feed.publish(END)
    assert (len(all_), ends) == (3, [END, END])
