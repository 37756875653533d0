"""Coverage-guided fuzzing of one parser, for as long as you like:

    pip install -e '.[fuzz]'
    python tests/faults/fuzz.py agi -runs=1000000        # any option of libFuzzer; agi, session, tree, form, http, lines

Begins with the kept corpus; what it finds new stays in a temporary folder. An input that breaks a property is written to
crash-* in the current folder: put it into corpus/<target>/, where the suite tries it ever after.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]
import structlog

with atheris.instrument_imports(include=["ivr_engine", "werkzeug", "yaml", "twisted.web"]):
    sys.path.insert(0, str(Path(__file__).parent))
    import targets


def main() -> None:
    name, *options = sys.argv[1:]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    kept = targets.CORPUS / name
    with tempfile.TemporaryDirectory() as found:
        atheris.Setup([sys.argv[0], found, str(kept), *options], targets.TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
