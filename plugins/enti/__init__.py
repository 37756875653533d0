"""Shared part: other bodies and emergency numbers. Data only."""
