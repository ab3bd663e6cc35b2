"""Readings become energy over time."""
