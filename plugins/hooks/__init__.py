"""Plugins: one file, one framework."""
