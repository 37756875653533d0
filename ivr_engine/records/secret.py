"""The key of the hash under which a caller is counted again without being known."""

from __future__ import annotations

import hmac
import os
import secrets
from typing import TYPE_CHECKING

from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 32


def load_key(folder: Path) -> bytes:
    """The store's key, made on first use, for its owner's eyes only. Raises Unavailable when damaged, OSError when unreadable."""
    path = folder / "secret.key"
    if not path.exists():
        _make(path)
    path.chmod(0o600)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise Unavailable(
            f"{path} is not a key", "put back a copy of it; delete it only if callers may count as new ones from now on"
        )
    return key


def caller_key(key: bytes, number: str) -> str:
    """The keyed hash of a number in E.164 form, 32 characters; "" for ""."""
    return hmac.digest(key, number.encode(), "sha256").hex()[:32] if number else ""


def _make(path: Path) -> None:
    # Written aside first: a crash in between must not leave half a key.
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as text:
        text.write(secrets.token_hex(_BYTES))
        text.flush()
        os.fsync(file)
    draft.replace(path)
