"""What a question asks for: a language, a length, and the parts of a page to be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LENGTH = 50_000

_LENGTHS = (
    ("words", re.compile(r"(\d[\d,]*)[\s-]*(?:words?\b|个?单词|个?英文词|词)", re.I)),
    ("characters", re.compile(r"(\d[\d,]*)\s*(?:个?汉?字(?!节|母)|characters?\b)", re.I)),
    ("kilobytes", re.compile(r"(\d[\d,]*)\s*(?:kb\b|kib\b|kilobytes?\b)", re.I)),
    ("paragraphs", re.compile(r"(\d+)[\s-]*(?:paragraphs?\b|个?段)", re.I)),
)
_DIGITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_CHINESE_DIGITS = dict(zip("一二两三四五六七八九", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_NUMERAL = re.compile(
    rf"\b(?P<en>a|{'|'.join(_DIGITS)})\s+(?P<scale>hundred|thousand)\b"
    rf"|(?P<zh>[{''.join(_CHINESE_DIGITS)}])(?P<unit>[百千])",
    re.I,
)
_EVERYTHING = re.compile(
    r"\b(?:everything|showcase|kitchen sink|all (?:the )?(?:formats|formatting|markdown))\b"
    r"|所有(?:格式|的?元素|样式|东西)|全部(?:格式|样式|元素)?|展示(?:一切|全部|所有)|一切",
    re.I,
)
_PARTS = {
    "table": re.compile(r"\btables?\b|表格|列表格", re.I),
    "code": re.compile(
        r"\b(?:code|program|script|function|python|javascript|typescript|html|css|sql|bash|rust"
        r"|golang|java|json)\b|代码|程序|函数|脚本",
        re.I,
    ),
    "formula": re.compile(
        r"\b(?:formulas?|formulae|equations?|maths?|latex)\b|公式|方程|数学", re.I
    ),
    "list": re.compile(
        r"\b(?:lists?|bullets?|bullet points|steps|checklist)\b|列表|清单|步骤|列出", re.I
    ),
    "quote": re.compile(r"\b(?:quotes?|quotation|blockquote)\b|引用|引文", re.I),
    "footnote": re.compile(r"\bfootnotes?\b|脚注", re.I),
}
_CODE_LANGUAGES = (
    ("javascript", re.compile(r"\b(?:javascript|typescript|js|ts)\b", re.I)),
    ("sql", re.compile(r"\bsql\b", re.I)),
    ("html", re.compile(r"\b(?:html|css)\b", re.I)),
    ("bash", re.compile(r"\b(?:bash|shell|curl)\b", re.I)),
    ("rust", re.compile(r"\brust\b", re.I)),
    ("json", re.compile(r"\bjson\b", re.I)),
)
_ENGLISH = re.compile(r"\bin english\b|用英[语文]|英文(?:回答|写)", re.I)
_CHINESE = re.compile(r"\bin (?:simplified )?(?:chinese|mandarin)\b|用(?:简体)?中文|用汉语", re.I)
_THINK_LONG = re.compile(
    r"\bthink (?:long|hard|deep|step)|想(?:得)?(?:久|深|仔细)|深入思考|好好想", re.I
)


@dataclass(frozen=True, slots=True)
class Wants:
    chinese: bool
    unit: str | None  # "words" or "characters" when a length was asked for
    length: int
    parts: tuple[str, ...]  # in the order of asking
    everything: bool
    code_language: str
    think_long: bool


def read(question: str, language: str) -> Wants:
    chinese = language == "zh"
    if _ENGLISH.search(question):
        chinese = False
    elif _CHINESE.search(question):
        chinese = True
    unit, length = _length(question, chinese=chinese)
    found = {name: pattern.search(question) for name, pattern in _PARTS.items()}
    places = sorted((match.start(), name) for name, match in found.items() if match)
    return Wants(
        chinese=chinese,
        unit=unit,
        length=length,
        parts=tuple(name for _, name in places),
        everything=_EVERYTHING.search(question) is not None,
        code_language=next(
            (name for name, pattern in _CODE_LANGUAGES if pattern.search(question)), "python"
        ),
        think_long=_THINK_LONG.search(question) is not None,
    )


def _length(question: str, *, chinese: bool) -> tuple[str | None, int]:
    natural = "characters" if chinese else "words"
    digits = _NUMERAL.sub(_in_digits, question)
    for unit, pattern in _LENGTHS:
        match = pattern.search(digits)
        if match is None:
            continue
        number = int(match[1].replace(",", ""))
        if unit == "kilobytes":  # about 6 bytes an English word, 3 a Chinese character
            number = number * 1024 // (3 if chinese else 6)
        elif unit == "paragraphs":
            number *= 120 if chinese else 70
        elif unit == "words" and not chinese:
            natural = "words"
        elif unit == "characters" and not chinese:
            natural = "characters"
        return natural, max(1, min(number, MAX_LENGTH))
    return None, 0


def _in_digits(numeral: re.Match[str]) -> str:
    if numeral["zh"]:
        return str(_CHINESE_DIGITS[numeral["zh"]] * (100 if numeral["unit"] == "百" else 1000))
    word = numeral["en"].lower()
    count = 1 if word == "a" else _DIGITS.index(word) + 1
    return str(count * (100 if numeral["scale"].lower() == "hundred" else 1000))
