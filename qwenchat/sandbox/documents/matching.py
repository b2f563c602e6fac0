"""The sentences of a text that fit a question best: shared words, rarer ones counting more."""

from __future__ import annotations

import math
import re
from collections import Counter

SEARCHED_CHARACTERS = 2_000_000  # half a second; the rest of a longer text isn't looked at
LONGEST_SENTENCE = 400

_SENTENCE = re.compile(r"[^.!?。！？；\n]+(?:[.!?。！？；](?=\d)[^.!?。！？；\n]+)*[.!?。！？；]*")
_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff]{2,}|[\u3040-\u30ff\u3400-\u9fff]+")
# Words of questions rather than of answers.
_COMMON_ENGLISH = (
    "the,and,for,are,was,were,with,from,that,this,what,which,who,whom,how,when,where,why,does,did,"
    "about,into,than,then,them,they,you,your,its,has,have,had,not,can,could,would,should,tell,"
    "please,document,file,text,say,there,of,in,on,is,it,to,an,me,my,we,be,do,or,as,at,by"
)
_COMMON_CHINESE = (
    "什么,怎么,哪些,哪个,多少,这个,这篇,那个,文档,文件,文章,内容,告诉,请问,一下,讲了,说了,是什,"
    "了什,章讲,篇文"
)
_COMMON = frozenset(f"{_COMMON_ENGLISH},{_COMMON_CHINESE}".split(","))


def terms(text: str) -> list[str]:
    """What of a text can be compared: words without their endings, Chinese in pairs."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        if ord(word[0]) >= 0x3040:
            found += [word[at : at + 2] for at in range(len(word) - 1)] or [word]
        else:
            found.append(_stem(word))
    return [term for term in found if term not in _COMMON]


def best(text: str, question: str, count: int = 3) -> list[str]:
    """At most `count` sentences that share words with the question, in the text's order."""
    asked = set(terms(question))
    if not asked:
        return []
    sentences = _SENTENCE.findall(text[:SEARCHED_CHARACTERS])
    shared = [asked & set(terms(sentence)) for sentence in sentences]
    rarity = Counter(term for found in shared for term in found)
    scores = [
        (sum(1 + math.log(len(sentences) / rarity[term]) for term in found), -at)
        for at, found in enumerate(shared)
        if found
    ]
    chosen = sorted(-at for _, at in sorted(scores, reverse=True)[:count])
    return [" ".join(sentences[at].split())[:LONGEST_SENTENCE] for at in chosen]


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
