"""Recognisers of speech, each in processes of its own; see docs/speech.md."""
