"""Plugins: one file, one experiment logger."""
