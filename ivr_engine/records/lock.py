"""One engine to a store: a lock on a file, which the system lets go when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


class StoreLock:
    """Held from its making to `release`. Raises Unavailable when another engine has it, OSError when it cannot be made."""

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._held = True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 20).decode("ascii", "replace") or "unknown"
            os.close(self._file)
            raise Unavailable(
                f"another engine (process {holder}) works on the store {folder}", "stop it, or set engine.data to another folder"
            ) from error
        except OSError:
            os.close(self._file)
            raise
        with contextlib.suppress(OSError):  # a full disk costs the holder's name, not the lock
            os.ftruncate(self._file, 0)
            os.write(self._file, str(os.getpid()).encode())

    def release(self) -> None:
        """Let another engine have the store. May be called again."""
        if self._held:
            self._held = False
            os.close(self._file)
