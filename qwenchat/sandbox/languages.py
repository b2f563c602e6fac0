"""Which language a message is in, seen from its letters: a guess that is right when it matters."""

from __future__ import annotations

import re

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]+")
_COMMON_WORDS = {
    code: frozenset(words.split(","))
    for code, words in {
        "de": "der,die,das,und,ist,nicht,ein,eine,ich,wie,bitte,mit,für,auf,was",
        "fr": "le,la,les,et,est,une,pas,je,vous,comment,avec,pour,que,des,bonjour",
        "es": "el,los,las,y,es,una,no,como,por,favor,con,para,que,hola,qué",
        "en": "the,and,is,a,an,i,you,how,please,with,for,to,of,what,in,it",
    }.items()
}
NAMES = {
    "en": ("English", "英文"),
    "zh": ("Chinese", "中文"),
    "ja": ("Japanese", "日文"),
    "ko": ("Korean", "韩文"),
    "ru": ("Russian", "俄文"),
    "el": ("Greek", "希腊文"),
    "ar": ("Arabic", "阿拉伯文"),
    "he": ("Hebrew", "希伯来文"),
    "th": ("Thai", "泰文"),
    "hi": ("Hindi", "印地文"),
    "de": ("German", "德文"),
    "fr": ("French", "法文"),
    "es": ("Spanish", "西班牙文"),
    "": ("no language I know", "认不出的语言"),
}


def detect(text: str) -> str:
    """A code of `NAMES`; "" when there are no letters in it."""
    words = _LATIN.findall(text)
    # A Chinese character carries about as much as half a word, so "用 Python 写代码" is Chinese.
    best, weight = "", 0.0
    for code, letters in _SCRIPTS:
        found = len(letters.findall(text))
        if code == "ja" and found:
            found += len(_SCRIPTS[2][1].findall(text))  # kana decides whose the characters are
        if found * 0.5 > weight:
            best, weight = code, found * 0.5
    if len(words) > weight:
        return _latin_language([word.lower() for word in words])
    return best


def _latin_language(words: list[str]) -> str:
    scores = {code: sum(word in common for word in words) for code, common in _COMMON_WORDS.items()}
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    # One shared little word ("die", "no") doesn't make a language.
    return best if scores[best] > scores["en"] + (1 if len(words) > 6 else 0) else "en"
