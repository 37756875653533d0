"""Coverage-guided fuzzing of one parser, for as long as you like:

    pip install -e '.[fuzz]'
    python tests/faults/fuzz.py agi -runs=1000000        # any option of libFuzzer; targets are in targets.py
    python tests/faults/fuzz.py agi -merge=1             # keep what found new ways: corpus/agi, for ever after

Begins with the kept corpus; what it finds new stays in build/fuzz/<target> until it is merged. An input that breaks a property
is written to crash-* in the current folder: put it into corpus/<target>/, where the suite tries it ever after.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found]
import structlog

FOUND = Path(__file__).parents[2] / "build" / "fuzz"
# What a target reads with; atheris 3.0 instruments the rest of the same top package along with it.
READERS = {
    "agi": ["ivr_engine.agi"],
    "session": ["ivr_engine.agi"],
    "audiosocket": ["ivr_engine.audiosocket"],
    "tree": ["ivr_engine.dialogue", "yaml"],
    "form": ["ivr_engine.console.app", "werkzeug"],
    "http": ["ivr_engine.console.app", "werkzeug", "twisted.web"],
    "lines": ["ivr_engine.records.codec", "ivr_engine.exchange.ledger"],
}

with atheris.instrument_imports(include=READERS[sys.argv[1]]):
    sys.path.insert(0, str(Path(__file__).parent))
    import targets


def main() -> None:
    name, *options = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kept, found = targets.CORPUS / name, FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    into, beside = (kept, found) if "-merge=1" in options else (found, kept)
    # libFuzzer merges in processes of its own, which it starts by this first word, in a shell.
    atheris.Setup([f"{sys.executable} {sys.argv[0]} {name}", str(into), str(beside), *options], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
