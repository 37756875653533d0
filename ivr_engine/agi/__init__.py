"""The FastAGI wire: bytes in, replies out. Knows nothing of calls, lines or the database."""
