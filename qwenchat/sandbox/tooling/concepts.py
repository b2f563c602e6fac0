"""What questions and tools are about: a few subjects, in English and Chinese, and cities."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A minus needs room around it: "200-300 words" and dates are nothing to be worked out.
EXPRESSION = re.compile(
    r"(?<![\w/.-])(?:sqrt\(|[\d(])[\d\s.,()]*(?:[+*×÷^]|/(?!\d+/)|\s[-]\s)"
    r"(?:[\d\s.,()+*/×÷^%-]|sqrt\()*[\d)]"
)
URL = re.compile(r"https?://[^\s<>\"'，。）)]+", re.I)
FILE = re.compile(r"[\w\-.]+\.(?:pdf|docx?|xlsx?|pptx?|txt|md|csv|json|epub)\b", re.I)
CONVERSION = re.compile(
    r"(?P<value>-?\d+(?:\.\d+)?)\s*(?P<source>[A-Za-z°/²³]+|[\u4e00-\u9fff]{1,4}?)\s*"
    r"(?:\bto\b|\binto\b|\bin\b|换算成|转换成|转换为|等于多少|是多少|=)\s*"
    r"(?P<target>[A-Za-z°/²³]+|[\u4e00-\u9fff]{1,4})",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Concept:
    asks: re.Pattern[str]  # in a question
    offers: re.Pattern[str]  # in a tool's name, else in its description


CONCEPTS = {
    "weather": Concept(
        re.compile(
            r"\b(?:weather|forecast|temperature (?:outside|in)|rain(?:ing|y)?|sunny)\b|天气|气温|下雨|温度",
            re.I,
        ),
        re.compile(r"weather|forecast|天气|气温", re.I),
    ),
    "time": Concept(
        re.compile(
            r"\b(?:what time|current time|time is it|what(?:'s| is) the (?:time|date)|what day|"
            r"time (?:now|in)\b|today's date)|几点|现在.{0,4}时间|什么时间|几号|星期几",
            re.I,
        ),
        re.compile(r"\b(?:current |local )?time\b|clock|时间", re.I),
    ),
    "calculation": Concept(
        re.compile(rf"\b(?:calculate|compute|work out)\b|计算|{EXPRESSION.pattern}", re.I),
        re.compile(r"calculat|arithmetic|\bcompute|计算", re.I),
    ),
    "conversion": Concept(
        re.compile(rf"\bconvert\b|换算|{CONVERSION.pattern}", re.I),
        re.compile(r"\bconver(?:t|sion)|\bunits?\b|换算", re.I),
    ),
    "page": Concept(URL, re.compile(r"\b(?:page|web ?page|url|website|browse)\b|网页|网址", re.I)),
    "conversations": Concept(
        re.compile(
            r"\b(?:my|our|earlier|previous|past) (?:conversation|chat)s?\b"
            r"|(?:我|我们|以前|之前|过去)的?(?:对话|聊天)",
            re.I,
        ),
        re.compile(r"\bconversations?\b|对话|聊天记录", re.I),
    ),
    "attachment": Concept(
        re.compile(rf"\battach(?:ed|ment)|附件|{FILE.pattern}", re.I),
        re.compile(r"\battach(?:ed|ment)|附件", re.I),
    ),
}

# City, its Chinese name, its time zone.
_CITIES = """
Beijing 北京 Asia/Shanghai|Shanghai 上海 Asia/Shanghai|Hangzhou 杭州 Asia/Shanghai
Shenzhen 深圳 Asia/Shanghai|Guangzhou 广州 Asia/Shanghai|Chengdu 成都 Asia/Shanghai
Nanjing 南京 Asia/Shanghai|Wuhan 武汉 Asia/Shanghai|Xi'an 西安 Asia/Shanghai
Chongqing 重庆 Asia/Shanghai|Hong_Kong 香港 Asia/Hong_Kong|Taipei 台北 Asia/Taipei
Singapore 新加坡 Asia/Singapore|Tokyo 东京 Asia/Tokyo|Osaka 大阪 Asia/Tokyo|Seoul 首尔 Asia/Seoul
London 伦敦 Europe/London|Paris 巴黎 Europe/Paris|Berlin 柏林 Europe/Berlin
Rome 罗马 Europe/Rome|Madrid 马德里 Europe/Madrid|Moscow 莫斯科 Europe/Moscow
New_York 纽约 America/New_York|San_Francisco 旧金山 America/Los_Angeles
Los_Angeles 洛杉矶 America/Los_Angeles|Sydney 悉尼 Australia/Sydney|Dubai 迪拜 Asia/Dubai
"""
ZONES: dict[str, str] = {}
for _entry in _CITIES.replace("\n", "|").strip("|").split("|"):
    _latin, _chinese, _zone = _entry.split()
    ZONES[_latin.replace("_", " ")] = _zone
    ZONES[_chinese] = _zone
_KNOWN_CITY = re.compile("|".join(sorted(map(re.escape, ZONES), key=len, reverse=True)), re.I)
_NAMED_PLACE = re.compile(
    r"\b(?:in|for|at|of)\s+((?:[A-Z][\w'’.-]+)(?:\s+[A-Z][\w'’.-]+){0,2})"
    r"|([\u4e00-\u9fff]{2,5}?)(?:市|县|区)?(?:的|今天|明天|现在)*(?:天气|气温|时间|几点|下雨)"
)


_CLAUSES = re.compile(r"[,;，；。]|\band\b|以及|还有", re.I)


def part_about(question: str, subjects: set[str]) -> str:
    """Of a question about several subjects, the part about these: "the weather in Berlin, and what
    time is it in Tokyo?" wants no weather of Tokyo."""
    if not concepts_asked(question) - subjects:
        return question
    kept: list[str] = []
    is_about = False
    for clause in _CLAUSES.split(question):
        asked = concepts_asked(clause)
        is_about = bool(asked & subjects) if asked else is_about
        if is_about:
            kept.append(clause)
    return ", ".join(kept) or question


def concepts_asked(question: str) -> set[str]:
    return {name for name, concept in CONCEPTS.items() if concept.asks.search(question)}


def concepts_offered(name: str, description: str) -> set[str]:
    """A tool's subjects: by its name, or by its description where the name tells none."""
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ")
    for text in (spelled, description):
        found = {key for key, concept in CONCEPTS.items() if concept.offers.search(text)}
        if found:
            return found
    return set()


def places(question: str) -> list[str]:
    """Cities in the order of asking: known ones, else what stands where a place would."""
    known = list(dict.fromkeys(match[0] for match in _KNOWN_CITY.finditer(question)))
    if known:
        return known
    return [match[1] or match[2] for match in _NAMED_PLACE.finditer(question)]


def zone_of(place: str) -> str | None:
    return next((zone for city, zone in ZONES.items() if city.lower() == place.lower()), None)
