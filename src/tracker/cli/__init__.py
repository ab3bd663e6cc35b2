"""The command `tracker`: one file a verb."""
