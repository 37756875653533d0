"""For all tests."""

from __future__ import annotations

import signal

# Whoever starts the tests in the background may have them ignore Ctrl-C, and every process they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)
