"""A machine at Microsoft Azure: App Service's environment, cloud-init, the metadata service.

The metadata service is asked only where the network is allowed and the chassis bears the tag
that Azure gives to all its machines (Microsoft's documentation; cloud-init reads it too).
"""

from __future__ import annotations

from typing import Final

from tracker.errors import GridUnavailable
from tracker.model.carbon import Location
from tracker.model.host import Host
from tracker.places import _cloud
from tracker.ports.fetch import Fetch

CLOUD: Final = "azure"
ENDPOINT: Final = "http://169.254.169.254"
CHASSIS_TAG: Final = "7783-7084-3265-9085-8269-3286-77"
APP_SERVICE: Final = "WEBSITE_INSTANCE_ID"


def locate(host: Host, fetch: Fetch | None, *, endpoint: str = ENDPOINT) -> Location | None:
    """The region this machine runs in, or ``None`` where it is no machine of Azure's.

    Args:
        host: its firmware and environment.
        fetch: how to ask; ``None`` where no network is allowed.
        endpoint: where the metadata service is; a test's own.
    """
    if host.environ.get(APP_SERVICE):
        region = "".join(host.environ.get("REGION_NAME", "").split())  # "West Europe"
        if found := _cloud.location_of(CLOUD, region, "REGION_NAME"):
            return found
    found = _cloud.by_cloud_init(CLOUD, host)
    if found or fetch is None or _cloud.dmi(host, "chassis_asset_tag") != CHASSIS_TAG:
        return found
    try:
        answer = fetch(
            f"{endpoint}/metadata/instance/compute/location",
            params=(("api-version", "2021-02-01"), ("format", "text")),
            headers={"Metadata": "true"},
        )
    except GridUnavailable:
        return None
    return _cloud.location_of(CLOUD, _cloud.line_of(answer), "Azure metadata")
