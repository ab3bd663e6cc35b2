"""Polling the sources on one thread of the process."""
