"""Shared part: the Ministry itself. Data only."""
