"""What the three clouds have in common: files of the machine, and regions that are known."""

from __future__ import annotations

import json
from pathlib import Path

from tracker.data import tables
from tracker.model.carbon import Location
from tracker.model.host import Host
from tracker.ports.fetch import Answer

CLOUD_INIT = "run/cloud-init/instance-data.json"
"""Written by cloud-init, readable by all; secrets are taken out of it."""


def location_of(cloud: str, region: str, origin: str) -> Location | None:
    """The region as a location, if the table of regions has it."""
    known = tables.cloud_regions().get(f"{cloud}:{region.strip().lower()}")
    if known is None:
        return None
    country = tables.countries()[known.country].name
    return Location(zone=known.code, name=f"{known.place}, {country}", origin=origin)


def by_cloud_init(cloud: str, host: Host) -> Location | None:
    """What cloud-init wrote down of the machine, if it is one of that cloud."""
    try:
        facts = json.loads((host.sys_path.parent / CLOUD_INIT).read_bytes())["v1"]
        if facts["cloud_name"] == ("gce" if cloud == "gcp" else cloud):
            return location_of(cloud, str(facts["region"]), "cloud-init")
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return None


def dmi(host: Host, name: str) -> str:
    """A line that the firmware says of the machine; empty where it says nothing."""
    try:
        return Path(host.sys_path, "class/dmi/id", name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def line_of(answer: Answer) -> str:
    """A metadata service's answer: one short line, or nothing of use."""
    text = answer.text().strip()
    return text if len(text) < 100 and text.isprintable() else ""  # noqa: PLR2004 - a line
