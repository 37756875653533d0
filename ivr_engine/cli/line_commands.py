"""`ivr lines` with all its commands, which lie in several files."""

from __future__ import annotations

from ivr_engine.cli import making, notices, publication
from ivr_engine.cli.lines import lines

__all__ = ["lines"]

for command in (
    *(publication.versions, publication.submit, publication.approve, publication.withdraw),
    *(publication.publish, publication.rollback),
    *(notices.switch_off, notices.switch_on, making.new, making.test),
):
    lines.add_command(command)
