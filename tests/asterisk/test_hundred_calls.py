"""A hundred citizens with SIP telephones, ten a second, two keys each: half of them answered by the tree, half by operators."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Outcome

from .server import wait_for
from .sipp import Sipp

if TYPE_CHECKING:
    from .engine import Engine
    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk


@pytest.mark.timeout(240)
def test_a_hundred_sip_calls(asterisk: RealAsterisk, engine: Engine) -> None:
    to_answers = Sipp(asterisk, "800196001", "1 3", calls=50, rate=5, patience=25)
    to_operators = Sipp(asterisk, "800196001", "1 0", calls=50, rate=5, patience=90)
    served = [sipp.wait() for sipp in (to_answers, to_operators)]
    assert [(sipp.successful, sipp.failed) for sipp in served] == [(50, 0), (50, 0)], [sipp.output for sipp in served]

    wait_for(lambda: sum(row.ended_at is not None for row in engine.contacts()) >= 100, 30, lambda: engine.log()[-3000:])
    contacts = engine.contacts()
    assert Counter(row.outcome for row in contacts) == {Outcome.SERVED_BY_IVR: 50, Outcome.ANSWERED: 50}
    assert engine.store.contacts.list(open_only=True) == ()
    cases = engine.store.cases.list(limit=1000)
    assert len(cases) == 50
    assert len({case.citizen for case in cases}) == 50

    log = {row[1]: row for row in asterisk.queue_log() if row[4].startswith("COMPLETE")}
    for contact in contacts:
        kinds = Counter(entry.kind for entry in engine.file(contact.id).journal)
        assert kinds["ContactStarted"] == kinds["ContactEnded"] == 1
        if contact.outcome is Outcome.ANSWERED:
            complete = log[contact.channel]
            assert (contact.operator, str(contact.wait_s), str(contact.talk_s)) == (complete[3], complete[5], complete[6])
        else:
            assert contact.channel not in log
            assert kinds["OperatorRang"] == 0
