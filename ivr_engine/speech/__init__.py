"""Prompts: what is to be heard, the voices that say it, and the sound files made of it."""
