"""``python -m tracker``: the command, where it is not on the path."""

from tracker.cli import main

main()
