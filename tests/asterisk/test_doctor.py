"""`ivr doctor` on Asterisk: one prompt is really played, with the account and the dialplan that are shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.doctor import play_one

if TYPE_CHECKING:
    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk


def test_a_sound_that_is_there(asterisk: RealAsterisk) -> None:
    said = play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret, "ivr/tone")
    assert "played ivr/tone" in said
    assert asterisk.heard() == ["ivr/tone"]


def test_a_sound_that_is_not(asterisk: RealAsterisk) -> None:
    with pytest.raises(Unavailable, match=r"did not play ivr/none \(FAILED\)"):
        play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret, "ivr/none")


def test_a_wrong_secret(asterisk: RealAsterisk) -> None:
    with pytest.raises(Unavailable, match="refused the user"):
        play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, "wrong", "ivr/tone")
