"""Scenarios compared, and parameters fitted from history."""
