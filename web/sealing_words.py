"""The words of what sealing refuses, for the page's own script: it cannot ask the server, which must not know."""

from __future__ import annotations

from web.formats import is_english
from web.messages import sealing


def sealing_words() -> dict[str, str]:
    """Return code -> words in the reader's language, their facts as `{name}`."""
    place = 1 if is_english() else 0
    return {code: pair[place] for code, pair in sealing.MESSAGES.items()}
