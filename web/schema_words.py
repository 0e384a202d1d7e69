"""What marshmallow and webargs say of a field, by our own codes: so that it is told in the reader's language.

Each sentence stands here as the library writes it, with its facts in braces. A rule (tests/rules/test_schema_words.py)
walks every field and validator of the API and fails where one could say a sentence that is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from core.errors import Finding

#: What the library says -> our code. `{...}` is a fact; its name is the library's.
SENTENCES: Mapping[str, str] = {
    "Missing data for required field.": "input_missing",
    "Field may not be null.": "input_missing",
    "Unknown field.": "input_unknown",
    "Not a valid integer.": "input_not_whole",
    "Number too large.": "input_too_large",
    "Not a valid string.": "input_not_text",
    "Not a valid utf-8 string.": "input_not_text",
    "Not a valid boolean.": "input_not_yes_or_no",
    "Not a valid date.": "input_not_date",
    "Not a valid datetime.": "input_not_instant",
    "Not a valid aware datetime.": "input_not_instant",
    "Not a valid UUID.": "input_not_id",
    "Not a valid list.": "input_not_list",
    "Invalid type.": "input_not_object",
    "Invalid input type.": "input_not_object",
    "Not a valid mapping type.": "input_not_object",
    "Invalid JSON body.": "input_not_json",
    "Must be one of: {choices}.": "input_not_one_of",
    "String does not match expected pattern.": "input_not_this_form",
    "Shorter than minimum length {min}.": "input_too_short",
    "Longer than maximum length {max}.": "input_too_long",
    "Length must be between {min} and {max}.": "input_length_wrong",
    "Must be greater than or equal to {min}.": "input_too_small",
    "Must be less than or equal to {max}.": "input_above_most",
    "Must be greater than or equal to {min} and less than or equal to {max}.": "input_out_of_range",
}

_FACT = re.compile(r"\\\{([a-z]+)\\\}")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return each sentence that has facts as a pattern, the longest first."""
    with_facts = sorted((sentence for sentence in SENTENCES if "{" in sentence), key=len, reverse=True)
    return tuple(
        (re.compile(_FACT.sub(r"(?P<\1>.*)", re.escape(sentence)), re.DOTALL), SENTENCES[sentence])
        for sentence in with_facts
    )


def finding_of(sentence: str, where: str) -> Finding:
    """Return what the library says of a field as a finding of ours.

    `input_refused` where the sentence is not known, without the sentence: it would be English in a Chinese page.

    >>> finding_of("Length must be between 1 and 40.", "lift")
    Finding(code='input_length_wrong', where='lift', facts={'min': '1', 'max': '40'})
    """
    if sentence in SENTENCES:
        return Finding(SENTENCES[sentence], where)
    for pattern, code in _patterns():
        if found := pattern.fullmatch(sentence):
            return Finding(code, where, dict(found.groupdict()))
    return Finding("input_refused", where)
