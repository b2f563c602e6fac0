"""Why a value does not fit its schema, as sentences in the person's language.

Models are told the same by `qwenchat.tools.schemas`, in English.

    >>> from qwenchat.tools.schemas import Problem
    >>> sentence(Problem("n", "kind", "", {"wanted": ["integer"], "given": "string"}))
    'must be a whole number, not a text'
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenchat.tools.schemas import Problem

MOST_VALUES = 8
VALUE_CHARACTERS = 80


def sentence(problem: Problem) -> str:
    facts = problem.facts
    match problem.code:
        case "kind":
            words = {"wanted": either(map(kind, facts["wanted"])), "given": kind(facts["given"])}
            return _("must be %(wanted)s, not %(given)s") % words
        case "constant":
            return _("must be %(value)s") % {"value": listed(facts["wanted"])}
        case "choice":
            return _("must be one of %(values)s") % {"values": listed(facts["wanted"])}
        case "missing":
            return _("is missing")
        case "unknown":
            return _("is not in the schema")
        case "forbidden":
            return _("is not allowed here")
        case "alternatives":
            return _("fits none of the ways that the schema allows")
        case "above":
            return _("must be more than %(limit)s") % {"limit": number(facts["limit"])}
        case "below":
            return _("must be less than %(limit)s") % {"limit": number(facts["limit"])}
        case "least" | "most":
            return bound(problem.code, facts["of"], facts["limit"])
        case "deep":
            return _("lies too deep to be checked")
    return _("cannot be checked: the schema is too involved")


def bound(code: str, of: str, limit: float) -> str:
    """How much of something there may be; `of` is what is counted, "" the number itself."""
    facts = {"limit": number(limit)}
    several = int(limit)
    if code == "least":
        words = {
            "": _("must be at least %(limit)s"),
            "characters": ngettext(
                "must have at least %(limit)s character",
                "must have at least %(limit)s characters",
                several,
            ),
            "items": ngettext(
                "must have at least %(limit)s item", "must have at least %(limit)s items", several
            ),
        }
    else:
        words = {
            "": _("must be at most %(limit)s"),
            "characters": ngettext(
                "must have at most %(limit)s character",
                "must have at most %(limit)s characters",
                several,
            ),
            "items": ngettext(
                "must have at most %(limit)s item", "must have at most %(limit)s items", several
            ),
        }
    return words[of] % facts


def kind(name: str) -> str:
    words = {
        "string": pgettext("a value's kind", "a text"),
        "number": pgettext("a value's kind", "a number"),
        "integer": pgettext("a value's kind", "a whole number"),
        "boolean": pgettext("a value's kind", "true or false"),
        "array": pgettext("a value's kind", "a list"),
        "object": pgettext("a value's kind", "an object"),
        "null": "null",
    }
    return words.get(name, name)


def either(words: Iterable[str]) -> str:
    return _(" or ").join(words)


def number(value: float) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


def listed(values: list[Any]) -> str:
    """Values as JSON writes them, the first few of many."""
    some = [json.dumps(value, ensure_ascii=False)[:VALUE_CHARACTERS] for value in values]
    return ", ".join([*some[:MOST_VALUES], *(["…"] if len(some) > MOST_VALUES else [])])
