"""A run while it runs."""

from tracker.live.phases import PhaseTimer
from tracker.live.tracker import Run, track, tracked
from tracker.settings import TrackOptions

__all__ = ["PhaseTimer", "Run", "TrackOptions", "track", "tracked"]
