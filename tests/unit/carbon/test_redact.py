from __future__ import annotations

from tracker.carbon._redact import Redactor


def test_a_secret_is_hidden_in_every_form_it_may_take() -> None:
    hide = Redactor(["ada:pass word/1"])
    for form in ("ada:pass word/1", "pass word/1", "pass%20word%2F1", "pass+word%2F1"):
        assert "word" not in hide(f"at https://host/x?key={form}&a=1")
    assert hide("Basic YWRhOnBhc3Mgd29yZC8x!") == "Basic ***!"


def test_a_headers_token_is_hidden_without_its_kind() -> None:
    assert Redactor(["Bearer abcdef123"])("it said: token abcdef123 expired") == (
        "it said: token *** expired"
    )


def test_what_is_too_short_for_a_secret_stays() -> None:
    assert Redactor(["a:b", ""])("a plain abba") == "a plain abba"


def test_the_longest_goes_first() -> None:
    assert Redactor(["abcd", "abcdefgh"])("xabcdefghx") == "x***x"
