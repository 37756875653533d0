"""Changes by hand, from any process, whether an engine runs or not: short transactions beside the engine's own writer."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable
from ivr_engine.records.database import Reader, WriteConnection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUSY = 5.0  # seconds to wait for the engine's writer


class Administration:
    """The store's database for administrators. `change` and `look` give a connection for the functions of this room."""

    def __init__(self, path: Path, reader: Reader | None = None) -> None:
        self._path, self._reader = path, reader or Reader(path)

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """All that happens in the block, or nothing of it. Raises Unavailable."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = WriteConnection(self._path, _BUSY)
            try:
                with database.transaction() as connection:
                    yield connection
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"the store {self._path} cannot be changed: {error}", "try again; see `ivr doctor`") from error

    @contextlib.contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """To read only. Raises Unavailable."""
        with self._reader.open() as connection:
            yield connection
