"""A run while it runs."""

from tracker.live.front import track, tracked
from tracker.live.phases import PhaseTimer
from tracker.live.tracker import Run
from tracker.settings import TrackOptions

__all__ = ["PhaseTimer", "Run", "TrackOptions", "track", "tracked"]
