"""A machine at Google Cloud: environment, cloud-init, and the metadata server.

The metadata server is asked only where the network is allowed and the firmware says that this
is a machine of Google's; its answer counts only with the header that proves who gave it.
"""

from __future__ import annotations

from typing import Final

from tracker.errors import GridUnavailable
from tracker.model.carbon import Location
from tracker.model.host import Host
from tracker.places import _cloud
from tracker.ports.fetch import Fetch

CLOUD: Final = "gcp"
ADDRESS: Final = "169.254.169.254"
"""Not the name: that could wait for a name server."""
PROOF: Final = "Metadata-Flavor"


def locate(host: Host, fetch: Fetch | None) -> Location | None:
    """The region this machine runs in, or ``None`` where it is no machine of Google's."""
    environ = host.environ
    region = environ.get("GOOGLE_CLOUD_REGION", "")
    if found := _cloud.location_of(CLOUD, region, "GOOGLE_CLOUD_REGION"):
        return found
    return _cloud.by_cloud_init(CLOUD, host) or _by_metadata(host, fetch)


def _by_metadata(host: Host, fetch: Fetch | None) -> Location | None:
    environ = host.environ
    is_google = _cloud.dmi(host, "product_name").startswith("Google")
    if fetch is None or environ.get("NO_GCE_CHECK", "").lower() == "true" or not is_google:
        return None
    server = environ.get("GCE_METADATA_HOST") or environ.get("GCE_METADATA_IP") or ADDRESS
    try:
        answer = fetch(
            f"http://{server}/computeMetadata/v1/instance/zone", headers={PROOF: "Google"}
        )
    except GridUnavailable:
        return None
    if answer.headers.get(PROOF.lower()) != "Google":
        return None
    zone = _cloud.line_of(answer).rpartition("/")[2]  # projects/1234/zones/us-central1-a
    return _cloud.location_of(CLOUD, zone.rpartition("-")[0], "GCP metadata")
