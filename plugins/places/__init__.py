"""Plugins: one file, one way to find out where this machine stands."""
