"""The harness for those who write lines: a fake call, a fake Asterisk that speaks bytes, a clock under the test's hand."""

from ivr_engine.testing.clock import ManualClock
from ivr_engine.testing.fake_call import FakeCall
from ivr_engine.testing.rehearsal import Played, play_line

__all__ = ["FakeCall", "ManualClock", "Played", "play_line"]
