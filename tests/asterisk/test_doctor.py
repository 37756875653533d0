"""`ivr doctor` on Asterisk: one prompt is really played, with the account and the dialplan that are shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.errors import Unavailable
from ivr_engine.exchange.asterisk.doctor import play_one, rights_and_queues

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk


def test_a_sound_that_is_there(asterisk: RealAsterisk) -> None:
    said = play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret, "ivr/tone")
    assert "played ivr/tone" in said
    assert asterisk.heard() == ["ivr/tone"]


def test_a_sound_that_is_not(asterisk: RealAsterisk) -> None:
    with pytest.raises(Unavailable, match=r"did not play ivr/none \(FAILED\)"):
        play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret, "ivr/none")


def test_a_dialplan_that_is_not_included(asterisk: RealAsterisk) -> None:
    asterisk.cli("dialplan remove context ivr-doctor")
    try:
        with pytest.raises(Unavailable, match="its dialplan lacks the context ivr-doctor"):
            play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret, "ivr/tone")
    finally:
        asterisk.cli("dialplan reload")


def test_a_wrong_secret(asterisk: RealAsterisk) -> None:
    with pytest.raises(Unavailable, match="refused the user"):
        play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, "wrong", "ivr/tone")


@pytest.fixture
def account(asterisk: RealAsterisk) -> Iterator[Path]:
    """The shipped file of the account, put back afterwards."""
    file = asterisk.home / "etc" / "manager_ivr.conf"
    shipped = file.read_text()
    yield file
    file.write_text(shipped)
    asterisk.cli("manager reload")


def look(asterisk: RealAsterisk, queues: tuple[str, ...], *users: str) -> str:
    site = ("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret)
    return rights_and_queues(*site, {queue: f"of {queue}" for queue in queues}, users)


def test_the_shipped_account_and_queues_are_enough(asterisk: RealAsterisk) -> None:
    assert look(asterisk, ("lavoro", "tfr"), *asterisk.operators) == "ivr may do what is needed; 2 queues"
    assert look(asterisk, ("lavoro",)) == "ivr may do what is needed; 1 queues", "a site without users has no desks"


@pytest.mark.parametrize(
    ("right", "lacking"),
    [("reporting", "CoreShowChannels"), ("agent", "QueueAdd, QueueRemove, QueuePause"), ("call", "Redirect")],
)
def test_a_right_that_is_missing(asterisk: RealAsterisk, account: Path, right: str, lacking: str) -> None:
    rights = ",".join(one for one in ("reporting", "agent", "call", "originate") if one != right)
    account.write_text(account.read_text().replace("write = reporting,agent,call,originate", f"write = {rights}"))
    asterisk.cli("manager reload")
    with pytest.raises(Unavailable, match=f"does not let the user 'ivr' do {lacking} \\("):
        look(asterisk, ("lavoro",))


@pytest.mark.timeout(90)
def test_a_user_who_is_told_nothing(asterisk: RealAsterisk, account: Path) -> None:
    account.write_text(account.read_text().replace("read = agent,call", "read = system"))
    asterisk.cli("manager reload")
    with pytest.raises(Unavailable, match="tells the user 'ivr' nothing of calls"):
        play_one("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_secret, "ivr/tone")


def test_a_queue_that_asterisk_does_not_have(asterisk: RealAsterisk) -> None:
    with pytest.raises(Unavailable, match=r"Asterisk has no queue elsewhere \(line of elsewhere\)"):
        look(asterisk, ("lavoro", "elsewhere"))


def test_members_who_are_no_users_are_named(asterisk: RealAsterisk) -> None:
    assert look(asterisk, ("lavoro",), *asterisk.operators[1:]).endswith(
        "; 1 queues, whose members op1 are no users of the console: their calls come to no desk"
    )
