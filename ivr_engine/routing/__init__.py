"""Where a caller goes: reception, opening hours, operators rung, calls followed to their end."""
