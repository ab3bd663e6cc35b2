"""Plugins: one file, one source of energy readings."""
