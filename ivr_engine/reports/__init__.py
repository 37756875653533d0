"""Figures, tables and reports for those who judge, run and size the service."""
