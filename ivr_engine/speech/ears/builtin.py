"""The engine's own recognisers, brought through the same hook as a plugin's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr_engine.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping


@hookimpl
def ivr_ears() -> Mapping[str, str]:
    """See hookspecs."""
    return {"vosk": "ivr_engine.speech.ears.by_vosk:Vosk", "whisper": "ivr_engine.speech.ears.by_whisper:Whisper"}
