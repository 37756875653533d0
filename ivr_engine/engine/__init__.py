"""The composition root: builds the engine from its settings, connects the parts, starts and ends them. No logic, no routes."""
