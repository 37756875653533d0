"""`ivr backup` while the engine works, `ivr restore`, `ivr doctor --repair`."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from .site import TRIAL

if TYPE_CHECKING:
    from .site import Site


def test_a_store_is_copied_under_way_lost_damaged_and_back(site: Site) -> None:
    engine = site.serve()
    first = site.json("call", TRIAL, "--keys", "1")["contact"]
    caller = site.start("phone", TRIAL)
    caller.wait_for("Risposta, 1.")
    done = site.run("backup", "copies/monday")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "contacts" in done.stdout
    assert "is there already" in site.refused("backup", "copies/monday")
    assert "another engine (process" in site.refused("restore", "copies/monday")
    assert "another engine (process" in site.refused("doctor", "--repair")
    engine.signal(signal.SIGKILL)
    engine.wait()

    database = site.data / "ivr.db"
    for beside in ("ivr.db-wal", "ivr.db-shm"):
        (site.data / beside).unlink(missing_ok=True)
    database.write_bytes(b"\0" * 50_000)
    refused = site.refused("serve")
    assert "ivr.db is unusable: corrupt" in refused
    assert "ivr doctor --repair" in refused
    assert "--repair --from" in site.refused("doctor", "--repair")
    mended = site.run("doctor", "--repair", "--from", "copies/monday")
    assert mended.returncode == 1, "no table could be read: not everything can be vouched for"
    assert "filled up from the backup" in mended.stdout
    assert {row["id"] for row in site.json("contacts", "list")} >= {first}
    assert site.run("doctor", "--repair").stdout == "the database is sound: nothing to repair\n"

    back = site.run("restore", "copies/monday")
    assert back.returncode == 0, back.stderr
    assert "what was there is kept in" in back.stdout
    site.serve()
    assert site.json("call", TRIAL, "--keys", "1")["outcome"] == "served_by_ivr"
    assert first in {row["id"] for row in site.json("contacts", "list")}
