"""Plugins: one file, one provider of carbon intensity."""
