"""A real Asterisk as the exchange: its manager interface for the live view, its queue_log for the ledger."""
