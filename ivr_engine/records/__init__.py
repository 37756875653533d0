"""What the engine keeps: contacts and their journal, citizens, cases, articles. All SQL of the project is in this room.

An event goes `Store.record` → spool (acknowledged) → writer's thread → journal and tables, one path for every call. Nobody
outside knows what the store is made of.
"""

import sys

if "numpy" not in sys.modules:  # sqlite-utils loads it to store its numbers; nobody here has any, and it is a tenth of a start
    sys.modules["numpy"] = None  # type: ignore[assignment]
    import sqlite_utils  # noqa: F401

    del sys.modules["numpy"]
