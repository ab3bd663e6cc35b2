"""A way to find out where this machine stands: one file in ``plugins/places/``."""

from __future__ import annotations

from typing import Protocol

from tracker.model.carbon import Location
from tracker.model.host import Host
from tracker.ports.fetch import Fetch


class PlacePlugin(Protocol):
    """A module in ``plugins/places/``."""

    def locate(self, host: Host, fetch: Fetch | None) -> Location | None:
        """Where this machine stands, or ``None`` where this way does not tell.

        Args:
            host: its files and environment.
            fetch: how to ask; ``None`` where no network is allowed. Whoever asks first makes
                sure that there is somebody: a machine elsewhere must not wait.
        """
