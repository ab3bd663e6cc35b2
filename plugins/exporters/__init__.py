"""Plugins: one file, one format that reports are written in."""
