"""A machine at Amazon Web Services: environment, cloud-init, and the metadata service (IMDSv2).

The metadata service is asked only where the network is allowed and the firmware says that this
is an EC2 machine; a machine elsewhere never sends anything to that address.
"""

from __future__ import annotations

from typing import Final

from tracker.errors import GridUnavailable
from tracker.model.carbon import Location
from tracker.model.host import Host
from tracker.places import _cloud
from tracker.ports.fetch import Fetch

CLOUD: Final = "aws"
ENDPOINT: Final = "http://169.254.169.254"
MARKERS: Final = (
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "ECS_CONTAINER_METADATA_URI_V4",
)
"""Only with one of these is AWS_REGION the machine's: elsewhere it is a preference of the
command line tool."""


def locate(host: Host, fetch: Fetch | None) -> Location | None:
    """The region this machine runs in, or ``None`` where it is no machine of AWS's."""
    environ = host.environ
    if any(environ.get(marker) for marker in MARKERS):
        region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
        if found := _cloud.location_of(CLOUD, region, "AWS_REGION"):
            return found
    return _cloud.by_cloud_init(CLOUD, host) or _by_metadata(host, fetch)


def _by_metadata(host: Host, fetch: Fetch | None) -> Location | None:
    environ = host.environ
    disabled = environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
    if fetch is None or disabled or _cloud.dmi(host, "sys_vendor") != "Amazon EC2":
        return None
    endpoint = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", ENDPOINT).rstrip("/")
    try:
        token = fetch(
            f"{endpoint}/latest/api/token",
            method="PUT",
            headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
        )
        region = fetch(
            f"{endpoint}/latest/meta-data/placement/region",
            headers={"X-aws-ec2-metadata-token": _cloud.line_of(token)},
        )
    except GridUnavailable:
        return None
    return _cloud.location_of(CLOUD, _cloud.line_of(region), "AWS metadata")
