"""The call-flow language: model, loader, checks and runner. Knows no wire, no database and no reactor."""
