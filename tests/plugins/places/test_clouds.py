"""A machine of a cloud knows its region; a machine elsewhere asks nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from fakes.host import host_in
from fakes.http_server import Asked, Reply, Server, serving
from tracker.carbon.fetch import METADATA, HttpFetch
from tracker.model.carbon import Location
from tracker.places import aws, azure, gcp

PARIS = "aws:eu-west-3"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def fetch() -> HttpFetch:
    return HttpFetch("place", user_agent="test", manners=METADATA)


def dmi(folder: Path, **lines: str) -> None:
    below = folder / "sys/class/dmi/id"
    below.mkdir(parents=True, exist_ok=True)
    for name, line in lines.items():
        (below / name).write_text(f"{line}\n")


def cloud_init(folder: Path, cloud: str, region: str) -> None:
    path = folder / "run/cloud-init/instance-data.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"v1": {"cloud_name": cloud, "region": region}}))


def imds_v2(asked: Asked) -> Reply:
    if asked.method == "PUT":
        known = asked.headers.get("x-aws-ec2-metadata-token-ttl-seconds") == "60"
        return Reply("a-token") if known else Reply(status=400)
    known = asked.headers.get("x-aws-ec2-metadata-token") == "a-token"
    return Reply("eu-west-3") if known else Reply(status=401)


def test_aws_is_asked_with_a_token(tmp_path: Path, server: Server) -> None:
    dmi(tmp_path, sys_vendor="Amazon EC2")
    server.answers(imds_v2)
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url}
    found = aws.locate(host_in(tmp_path, environ), fetch())
    assert found == Location(PARIS, "Paris, France", "AWS metadata")
    assert [asked.method for asked in server.asked] == ["PUT", "GET"]
    switched_off = environ | {"AWS_EC2_METADATA_DISABLED": "true"}
    assert aws.locate(host_in(tmp_path, switched_off), fetch()) is None
    assert aws.locate(host_in(tmp_path, environ), None) is None
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_aws_without_a_token_is_not_asked_the_old_way(
    tmp_path: Path, server: Server, status: int
) -> None:
    dmi(tmp_path, sys_vendor="Amazon EC2")
    server.says(Reply(status=status))
    environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url}
    assert aws.locate(host_in(tmp_path, environ), fetch()) is None
    assert {asked.method for asked in server.asked} == {"PUT"}


def test_gcp_must_prove_who_it_is(tmp_path: Path, server: Server) -> None:
    dmi(tmp_path, product_name="Google Compute Engine")
    host = host_in(tmp_path, {"GCE_METADATA_HOST": server.url.removeprefix("http://")})
    zone = "projects/123456789/zones/us-central1-a"
    server.says(Reply(zone, headers={"Metadata-Flavor": "Google"}))
    found = gcp.locate(host, fetch())
    assert found is not None
    assert (found.zone, found.origin) == ("gcp:us-central1", "GCP metadata")
    assert server.asked[0].headers["metadata-flavor"] == "Google"
    server.says(Reply(zone))
    assert gcp.locate(host, fetch()) is None


def test_azure_names_its_region(tmp_path: Path, server: Server) -> None:
    dmi(tmp_path, chassis_asset_tag=azure.CHASSIS_TAG)
    server.says(Reply("westeurope"))
    found = azure.locate(host_in(tmp_path), fetch(), endpoint=server.url)
    assert found is not None
    assert (found.zone, found.origin) == ("azure:westeurope", "Azure metadata")
    assert server.asked[0].headers["metadata"] == "true"
    assert server.asked[0].params["format"] == "text"


@pytest.mark.parametrize("place", [aws, gcp, azure])
def test_a_machine_elsewhere_is_not_asked(place: ModuleType, tmp_path: Path) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise AssertionError("asked")

    dmi(tmp_path, sys_vendor="Dell Inc.", product_name="PowerEdge", chassis_asset_tag="")
    assert place.locate(host_in(tmp_path), nobody) is None
    assert place.locate(host_in(tmp_path / "nothing there"), nobody) is None


@pytest.mark.parametrize(
    ("place", "environ", "zone"),
    [
        (aws, {"AWS_REGION": "eu-west-3", "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}, PARIS),
        (aws, {"AWS_DEFAULT_REGION": "eu-west-3", "AWS_LAMBDA_FUNCTION_NAME": "f"}, PARIS),
        (aws, {"AWS_REGION": "eu-west-3"}, None),  # a preference of a laptop's
        (aws, {"AWS_REGION": "eu-nowhere-9", "AWS_EXECUTION_ENV": "x"}, None),
        (gcp, {"GOOGLE_CLOUD_REGION": "us-central1"}, "gcp:us-central1"),
        (azure, {"REGION_NAME": "West Europe", "WEBSITE_INSTANCE_ID": "1"}, "azure:westeurope"),
        (azure, {"REGION_NAME": "West Europe"}, None),
    ],
)
def test_the_environment_is_trusted_where_it_is_the_clouds(
    place: ModuleType, environ: Mapping[str, str], zone: str | None, tmp_path: Path
) -> None:
    found = place.locate(host_in(tmp_path, environ), None)
    assert (found.zone if found else None) == zone


@pytest.mark.parametrize(
    ("place", "name", "region", "zone"),
    [
        (aws, "aws", "eu-west-3", PARIS),
        (gcp, "gce", "us-central1", "gcp:us-central1"),
        (azure, "azure", "westeurope", "azure:westeurope"),
        (aws, "openstack", "eu-west-3", None),
    ],
)
def test_cloud_init_wrote_it_down(
    place: ModuleType, name: str, region: str, zone: str | None, tmp_path: Path
) -> None:
    cloud_init(tmp_path, name, region)
    found = place.locate(host_in(tmp_path), None)
    assert (found.zone if found else None) == zone


@pytest.mark.parametrize("text", ["", "{", "[]", '{"v1": null}', '{"v1": {"cloud_name": "aws"}}'])
def test_a_broken_file_tells_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run/cloud-init/instance-data.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert aws.locate(host_in(tmp_path), None) is None


@pytest.mark.parametrize("answer", ["", "x" * 1000, "<html>no</html>", "eu-west-3a\x00"])
def test_an_answer_that_is_no_region_tells_nothing(
    answer: str, tmp_path: Path, server: Server
) -> None:
    dmi(tmp_path, chassis_asset_tag=azure.CHASSIS_TAG)
    server.says(Reply(answer))
    assert azure.locate(host_in(tmp_path), fetch(), endpoint=server.url) is None
