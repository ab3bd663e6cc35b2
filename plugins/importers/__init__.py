"""Plugins: one file, one tool whose runs are taken in."""
