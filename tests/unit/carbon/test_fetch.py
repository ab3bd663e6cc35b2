"""Manners, by real exchanges with a server on this machine: what goes out, what comes of it."""

from __future__ import annotations

import gzip
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from fakes.http_server import Asked, Reply, Server, serving, serving_tls
from tracker.carbon._http import Limits
from tracker.carbon.fetch import METADATA, HttpFetch, Manners, World, for_provider
from tracker.errors import GridUnavailable
from tracker.ports.grid import RateLimit

KEY = "s3cret-key-0123456789"
HASTY = Manners(limits=Limits(connect_s=0.5, read_s=0.3, total_s=0.6, max_bytes=100_000))


class Hand:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.told: list[str] = []
        self.at = datetime.now(UTC).timestamp()

    def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.at += wait_s

    @property
    def world(self) -> World:
        return World(
            now=lambda: self.at, sleep=self.sleep, chance=lambda: 0.5, tell=self.told.append
        )


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def hand() -> Hand:
    return Hand()


def fetching(hand: Hand, manners: Manners = HASTY) -> HttpFetch:
    return HttpFetch(
        "some_grid",
        user_agent="emissions-tracker/9.9",
        secrets=[KEY],
        manners=manners,
        world=hand.world,
    )


def refused(fetch: HttpFetch, url: str, **more: object) -> GridUnavailable:
    with pytest.raises(GridUnavailable) as caught:
        fetch(url, params=[("api_key", KEY)], **more)  # type: ignore[arg-type] # a test's freedom
    assert KEY not in str(caught.value)
    assert KEY not in caught.value.answer
    assert "some_grid (127.0.0.1)" in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_a_question_goes_out_as_it_is_asked_and_names_us(server: Server, hand: Hand) -> None:
    server.says(Reply('{"a": [1]}', headers={"X-Flavour": "plain"}))
    answer = fetching(hand)(
        f"{server.url}/v4/x", params=[("m", "a b"), ("m", "c")], headers={"auth-token": KEY}
    )
    assert answer.json() == {"a": [1]}
    assert (answer.status, answer.headers["x-flavour"]) == (200, "plain")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("GET", "/v4/x", (("m", "a b"), ("m", "c")))
    assert asked.headers["user-agent"] == "emissions-tracker/9.9"
    assert asked.headers["auth-token"] == KEY


def test_a_netrc_does_not_take_the_place_of_our_header(
    server: Server, hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.says(Reply("{}"))
    fetching(hand)(server.url, headers={"Authorization": "Bearer mine"})
    assert server.asked[0].headers["authorization"] == "Bearer mine"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_once_more(server: Server, hand: Hand, status: int) -> None:
    server.says(Reply(status=status), Reply("{}"))
    assert fetching(hand)(server.url).json() == {}
    assert hand.slept == [1.5]


@pytest.mark.parametrize("status", [300, 400, 401, 403, 404, 422, 501])
def test_what_stays_is_asked_once_and_told_with_status_and_answer(
    server: Server, hand: Hand, status: int
) -> None:
    server.says(Reply('{"error": "no such  thing"}', status=status))
    error = refused(fetching(hand), server.url)
    assert (error.status, error.answer) == (status, '{"error": "no such thing"}')
    assert f"answered {status}: " in str(error)
    assert len(server.asked) == 1
    assert ("TRACKER_GRID_SOME_GRID_KEY" in str(error)) == (status in {401, 403})


def test_it_gives_up_after_one_more(server: Server, hand: Hand) -> None:
    server.says(Reply(status=503))
    assert refused(fetching(hand), server.url).status == 503
    assert len(server.asked) == 2


def test_a_caller_may_know_that_an_error_passes(server: Server, hand: Hand) -> None:
    server.says(Reply(status=401), Reply(status=401), Reply("{}"))
    fetch = fetching(hand)
    assert fetch(server.url, retry_if=lambda error: error.status == 401).json() == {}
    assert hand.slept == [1.5, 3.0]
    server.says(Reply(status=401))
    assert refused(fetch, server.url, retry_if=lambda _: True).status == 401
    assert len(server.asked) == 6


def test_retry_after_is_waited_for_in_seconds_or_until_a_date(server: Server, hand: Hand) -> None:
    server.says(Reply(status=429, headers={"Retry-After": "7"}), Reply("{}"))
    fetching(hand)(server.url)
    then = format_datetime(datetime.fromtimestamp(hand.at + 20, UTC), usegmt=True)
    server.says(Reply(status=503, headers={"Retry-After": then}), Reply("{}"))
    fetching(hand)(server.url)
    assert hand.slept == [7, pytest.approx(20, abs=1.1)]


@pytest.mark.parametrize("text", ["soon", "-5", "", "Thu, 99 Foo", "1e5"])
def test_a_retry_after_that_is_no_time_is_none(server: Server, hand: Hand, text: str) -> None:
    server.says(Reply(status=429, headers={"Retry-After": text}), Reply("{}"))
    fetching(hand)(server.url)
    assert hand.slept == [1.5]


def test_a_long_retry_after_is_told_and_not_waited_for(server: Server, hand: Hand) -> None:
    server.says(Reply(status=429, headers={"Retry-After": "600"}))
    assert refused(fetching(hand), server.url).retry_after_s == 600
    assert (len(server.asked), hand.slept) == (1, [])


def test_after_it_nobody_asks_until_then(server: Server, hand: Hand, tmp_path: Path) -> None:
    def another() -> HttpFetch:
        return for_provider(
            "some_grid", url=server.url, key=KEY, limit=None, folder=tmp_path, world=hand.world
        )

    server.says(Reply(status=429, headers={"Retry-After": "600"}), Reply("{}"))
    refused(another(), server.url)
    error = refused(another(), server.url)
    assert "takes no call for another 600 s" in str(error)
    assert error.retry_after_s == pytest.approx(600)
    assert len(server.asked) == 1
    hand.at += 600
    assert another()(server.url).json() == {}


def test_a_rate_limit_is_kept_by_waiting(server: Server, hand: Hand, tmp_path: Path) -> None:
    server.says(Reply("{}"))
    fetch = for_provider(
        "g", url=server.url, key=None, limit=RateLimit(2, 60), folder=tmp_path, world=hand.world
    )
    for _ in range(3):
        fetch(server.url)
    assert hand.slept == [pytest.approx(60, abs=1)]
    assert server.asked[0].headers["user-agent"].startswith("emissions-tracker/")


def test_a_redirect_within_the_host_is_followed(server: Server, hand: Hand) -> None:
    def answer(asked: Asked) -> Reply:
        there = {"Location": "/new?a=1"}
        return Reply(status=301, headers=there) if asked.path == "/old" else Reply("{}")

    server.answers(answer)
    assert fetching(hand)(f"{server.url}/old", params=[("a", "1")]).json() == {}
    assert [(one.path, one.params) for one in server.asked] == [
        ("/old", {"a": "1"}),
        ("/new", {"a": "1"}),
    ]


def test_a_redirect_loop_ends(server: Server, hand: Hand) -> None:
    server.says(Reply(status=302, headers={"Location": "/again"}))
    assert "redirects on and on" in str(refused(fetching(hand), server.url))
    assert len(server.asked) == 4


@pytest.mark.parametrize("target", ["https://elsewhere.example/x", "ftp://127.0.0.1/", "//[bad/"])
def test_a_redirect_elsewhere_gets_no_key(server: Server, hand: Hand, target: str) -> None:
    server.says(Reply(status=307, headers={"Location": target}))
    refused(fetching(hand), server.url)
    assert len(server.asked) == 1


def test_another_machine_is_not_asked_in_the_clear(hand: Hand) -> None:
    with pytest.raises(GridUnavailable, match="only asked by https"):
        fetching(hand)("http://grid.example/co2")


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path, hand: Hand) -> None:
    with serving_tls(tmp_path) as server:
        server.says(Reply("{}"))
        error = refused(fetching(hand), server.url)
        assert "certificate is not trusted" in str(error)
        assert server.asked == []
        assert hand.slept == []


def test_a_certificate_that_the_environment_trusts_is_taken(
    tmp_path: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_tls(tmp_path) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        server.says(Reply("{}"))
        assert fetching(hand)(server.url).json() == {}


def test_a_bundle_that_is_missing_is_an_error_of_ours(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(GridUnavailable, match="cannot be asked"):
        fetching(hand)("https://127.0.0.1:1/")


def test_an_answer_of_50_mb_is_not_read(server: Server, hand: Hand) -> None:
    server.says(Reply(b"[" + b"1," * (25 << 20) + b"1]"))
    assert "more than" in str(refused(fetching(hand), server.url))


def test_an_answer_that_unpacks_to_50_mb_is_not_read(server: Server, hand: Hand) -> None:
    bomb = gzip.compress(b"1" * (50 << 20))
    assert len(bomb) < HASTY.limits.max_bytes
    server.says(Reply(bomb, headers={"Content-Encoding": "gzip"}))
    assert "more than" in str(refused(fetching(hand), server.url))


def test_what_cannot_be_unpacked_is_told(server: Server, hand: Hand) -> None:
    server.says(Reply(b"no gzip at all", headers={"Content-Encoding": "gzip"}))
    assert "unpacked" in str(refused(fetching(hand), server.url))


def test_an_answer_that_drips_ends_in_time(server: Server, hand: Hand) -> None:
    server.says(Reply(b"1" * 400, drip_s=0.05))
    fetch = HttpFetch("some_grid", user_agent="x", manners=HASTY)
    assert "more than 0.6 s" in str(refused(fetch, server.url))


def test_silence_ends_in_time(server: Server, hand: Hand) -> None:
    server.says(Reply(hang_s=1.0))
    assert "does not answer in time" in str(refused(fetching(hand), server.url))
    assert len(server.asked) == 2


def test_an_answer_that_breaks_off_is_asked_for_again(server: Server, hand: Hand) -> None:
    server.says(Reply("[1, 2", cut=True), Reply("[1, 2]"))
    assert fetching(hand)(server.url).json() == [1, 2]


def test_nobody_there_is_told(hand: Hand) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert "cannot be reached" in str(refused(fetching(hand), url))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty answer"),
        (b'{"a": [1, ', "no JSON"),
        (b"<html><body>Sign in</body></html>", "no JSON: <html>"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (f"broken {KEY}".encode(), "no JSON: broken ***"),
    ],
)
def test_what_is_no_json_is_told(server: Server, hand: Hand, body: bytes, words: str) -> None:
    server.says(Reply(body))
    roomy = Manners()
    answer = fetching(hand, roomy)(server.url)
    with pytest.raises(GridUnavailable) as caught:
        answer.json()
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_error_page_is_called_one(server: Server, hand: Hand) -> None:
    server.says(Reply("<!DOCTYPE html>\n<html><title>403</title></html>", status=403))
    assert "answered 403: an HTML page" in str(refused(fetching(hand), server.url))


def test_a_key_that_an_error_repeats_is_hidden(server: Server, hand: Hand) -> None:
    server.says(Reply(f"no such api_key: {KEY}, Bearer tok-12345", status=403))
    with pytest.raises(GridUnavailable) as caught:
        fetching(hand)(server.url, headers={"Authorization": "Bearer tok-12345"})
    assert "no such api_key: ***, ***" in str(caught.value)


def test_no_log_holds_a_key(server: Server, hand: Hand, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tracker")
    server.says(Reply(status=500))
    refused(fetching(hand), server.url, headers={"auth-token": KEY})
    assert KEY not in caplog.text


@pytest.mark.parametrize(("ahead_s", "words"), [(600, "600 s ahead"), (-600, "600 s behind")])
def test_a_clock_that_is_wrong_is_told_once(
    server: Server, hand: Hand, ahead_s: float, words: str
) -> None:
    hand.at = datetime.now(UTC).timestamp() + ahead_s
    server.says(Reply("{}"))
    fetch = fetching(hand)
    fetch(server.url)
    fetch(server.url)
    (told,) = hand.told
    assert "clock here is" in told
    assert words.split()[2] in told


def test_a_clock_that_is_right_is_not_mentioned(server: Server, hand: Hand) -> None:
    server.says(Reply("{}"))
    fetching(hand)(server.url)
    assert hand.told == []


def test_metadata_is_asked_by_no_proxy_at_once_and_without_following(
    server: Server, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    fetch = fetching(hand, METADATA)
    server.says(Reply("TOKEN"))
    answer = fetch(f"{server.url}/latest/api/token", method="PUT", headers={"x-ttl": "60"})
    assert answer.text() == "TOKEN"
    assert server.asked[0].method == "PUT"
    server.says(Reply(status=302, headers={"Location": "/x"}))
    refused(fetch, server.url)
    server.says(Reply(status=503))
    refused(fetch, server.url)
    assert len(server.asked) == 3


def test_another_machine_is_asked_by_the_proxy_that_the_environment_names(
    server: Server, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(GridUnavailable, match="cannot be reached by the proxy"):
        fetching(hand)("https://grid.example/co2")
    server.says(Reply("{}"))
    assert fetching(hand)(server.url).json() == {}


def test_threads_may_ask_at_once(server: Server, hand: Hand) -> None:
    server.says(Reply("[1]"))
    fetch = fetching(hand)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch(server.url).json())) for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [[1]] * 4


def test_requests_is_imported_with_the_first_question() -> None:
    code = "import sys; import tracker.carbon.fetch; print('requests' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
