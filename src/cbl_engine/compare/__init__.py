"""Simulated and real side by side: what is fitted from a history, and how alike the two are."""
