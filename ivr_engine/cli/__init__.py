"""The `ivr` command, one file per group."""
