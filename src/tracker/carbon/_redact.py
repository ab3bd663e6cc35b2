"""Taking secrets out of what may be read: messages, events, logs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"
SHORTEST: Final = 4
"""A shorter piece is no secret worth the name, and would be found in half of all words."""


class Redactor:
    """Replaces every given secret, in the forms that a request may give it.

    Args:
        secrets: keys, tokens, ``user:password``; a header's value is taken apart at blanks,
            so that ``Bearer TOKEN`` hides the token.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # The longest first, so that no rest of a longer one stays behind.
        self._forms = sorted((form for form in forms if len(form) >= SHORTEST), key=len)[::-1]

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


def _forms(secret: str) -> set[str]:
    plain = {secret, *secret.split(), *(secret.split(":", 1) if ":" in secret else ())}
    coded = {base64.b64encode(secret.encode()).decode()}
    return plain | {quote(part, safe="") for part in plain} | {quote_plus(p) for p in plain} | coded
