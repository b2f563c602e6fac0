"""The models of the service: one row each, in the order in which a person is offered them.

Source: dashscope-api §11 (the official catalogue and price page of 30 May 2026; later rows from
models.dev, July to September 2026), §2.3 for thinking, §2.2 for `json_schema`, `reasoning_effort`
and `preserve_thinking`, §4 and §8 for pixels and frames, §5.1 for the code interpreter; `prefix`
from the official page "Partial mode", October 2026.

"1M" of the sources is 1,000,000 tokens (991,808 = 1 M less 8,192) and "256K" is 262,144. Prices are
for 1 M tokens; the tier that a request's input falls into holds for the whole request. Where the
sources give several currencies for one region, all tiers of a row use the one that covers them all.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from .model import Currency, Group, Input, Model, Price, Region, Thinking, Vision

if TYPE_CHECKING:
    from .events import Usage

K = 1024
M = 1_000_000

OFFICIAL = dt.date(2026, 5, 30)
COMMUNITY = dt.date(2026, 9, 30)

_MB = 1024 * 1024
_GB = 1024 * _MB

_SINCE_35 = Vision(
    patch_px=32,
    min_pixels=65_536,
    default_max_pixels=2_621_440,
    max_pixels=16_777_216,
    max_image_bytes=20 * _MB,
    frames=(4, 8000),
    max_video_s=2 * 3600,
    max_video_bytes=2 * _GB,
    total_video_pixels=819_200_000,
)
_SINCE_35_MANY = Vision(
    patch_px=32,
    min_pixels=65_536,
    default_max_pixels=2_621_440,
    max_pixels=16_777_216,
    max_image_bytes=20 * _MB,
    max_images=2048,
    frames=(4, 8000),
    max_video_s=2 * 3600,
    max_video_bytes=2 * _GB,
    total_video_pixels=819_200_000,
)
_QWEN3_VL = Vision(
    patch_px=32,
    min_pixels=65_536,
    default_max_pixels=2_621_440,
    max_pixels=16_777_216,
    max_image_bytes=20 * _MB,
    frames=(4, 2000),
    max_video_s=3600,
    max_video_bytes=2 * _GB,
    total_video_pixels=134_217_728,
)
_QWEN_VL_MAX = Vision(
    patch_px=28,
    min_pixels=4096,
    default_max_pixels=1_310_720,
    max_pixels=16_777_216,
    frames=(4, 512),
    max_video_s=600,
    max_video_bytes=2 * _GB,
)
_QWEN_VL_PLUS = Vision(
    patch_px=28,
    min_pixels=4096,
    default_max_pixels=1_310_720,
    max_pixels=16_777_216,
    frames=(4, 512),
    max_video_s=600,
    max_video_bytes=_GB,
)
_QVQ = Vision(
    patch_px=28,
    min_pixels=3136,
    default_max_pixels=1_003_520,
    max_pixels=12_845_056,
    frames=(4, 512),
    max_video_s=600,
    max_video_bytes=150 * _MB,
)
# The undated name may still mean the older snapshot, whose limits are the smaller ones.
_OCR = Vision(patch_px=28, min_pixels=3136, default_max_pixels=6_422_528, max_pixels=23_520_000)
_OCR_SINCE_2025_11 = Vision(
    patch_px=32, min_pixels=3072, default_max_pixels=8_388_608, max_pixels=30_720_000
)
_OMNI = Vision(
    patch_px=32,
    min_pixels=65_536,
    default_max_pixels=2_621_440,
    max_pixels=16_777_216,
    frames=(4, 512),
    max_video_s=3600,
)

NEWEST_VISION = _SINCE_35

_TEXT: frozenset[Input] = frozenset({"text"})
_SEEING: frozenset[Input] = frozenset({"text", "image", "video"})
_PICTURES: frozenset[Input] = frozenset({"text", "image"})
_FILES: frozenset[Input] = frozenset({"text", "file"})
_ALL_SENSES: frozenset[Input] = frozenset({"text", "image", "video", "audio"})

# (largest input or None, price of input, of output[, of output when it thought])
_Tier = tuple[int | None, str, str] | tuple[int | None, str, str, str]

# Generations that take earlier thoughts as input.
_KEEP_THOUGHTS = frozenset({"qwen3.8", "qwen3.7", "qwen3.6"})

# An implicit cache hit costs a fifth of the input price.
_FIFTH = Decimal("0.2")
# qwen3.8-max says an eighth.
_EIGHTH = Decimal("0.125")

_Feature = Literal["tools", "json", "schema", "search", "cache", "prefix", "interpreter"]


def _row(
    model_id: str,
    title: str,
    family: str,
    group: Group,
    summary: str,
    *,
    limits: tuple[int, int | None, int | None, int | None],
    thinking: Thinking = "none",
    inputs: frozenset[Input] = _TEXT,
    features: tuple[_Feature, ...] = (),
    vision: Vision | None = None,
    beijing: tuple[_Tier, ...] = (),
    international: tuple[_Tier, ...] = (),
    international_currency: Currency = "CNY",
    cached_rate: Decimal = _FIFTH,
    stream_only: bool = False,
    effort: bool = False,
    cumulative: bool = False,
    as_of: dt.date = OFFICIAL,
) -> Model:
    rate = cached_rate if "cache" in features else None
    context, max_input, max_output, max_thinking = limits
    return Model(
        id=model_id,
        title=title,
        family=family,
        group=group,
        summary=summary,
        inputs=inputs,
        context_tokens=context,
        max_input_tokens=max_input,
        max_output_tokens=max_output,
        thinking=thinking,
        max_thinking_tokens=max_thinking,
        tools="tools" in features,
        search="search" in features,
        code_interpreter="interpreter" in features,
        json_mode="json" in features,
        json_schema="schema" in features,
        prefix="prefix" in features,
        stream_only=stream_only,
        effort=effort,
        keeps_thoughts=family in _KEEP_THOUGHTS,
        cumulative=cumulative,
        vision=vision,
        prices=(
            *_prices("beijing", "CNY", beijing, rate),
            *_prices("international", international_currency, international, rate),
        ),
        prices_as_of=as_of,
        source=(
            "official catalogue and price page"
            if as_of == OFFICIAL
            else "models.dev, community catalogue"
        ),
    )


def _prices(
    region: Region, currency: Currency, tiers: tuple[_Tier, ...], cached_rate: Decimal | None
) -> tuple[Price, ...]:
    return tuple(
        Price(
            region=region,
            currency=currency,
            up_to_input_tokens=tier[0],
            input=Decimal(tier[1]),
            output=Decimal(tier[2]),
            thinking_output=Decimal(tier[3]) if len(tier) == 4 else None,
            cached_input=None if cached_rate is None else Decimal(tier[1]) * cached_rate,
        )
        for tier in tiers
    )


_ROWS = (
    _row(
        "qwen3.8-max", "Qwen3.8 Max", "qwen3.8", "chat",
        "The most capable model: hard questions, long work, pictures and video.",
        limits=(M, None, 131_072, 256 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "schema", "search", "cache"), vision=_SINCE_35_MANY,
        beijing=((None, "12", "36"),), cached_rate=_EIGHTH, effort=True, as_of=COMMUNITY,
    ),
    _row(
        "qwen3.8-flash", "Qwen3.8 Flash", "qwen3.8", "chat",
        "Fast and cheap, of the newest generation; sees pictures and video.",
        limits=(M, None, None, 256 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools",), vision=_SINCE_35,
        beijing=((None, "0.8", "2.7"),), international=((None, "0.15", "0.47"),),
        international_currency="USD", effort=True, as_of=COMMUNITY,
    ),
    _row(
        "qwen3.7-max", "Qwen3.7 Max", "qwen3.7", "chat",
        "A strong thinker for text alone.",
        limits=(M, 991_808, 65_536, 256 * K), thinking="hybrid_on",
        features=("tools", "schema", "search", "cache", "prefix"),
        beijing=((None, "12", "36"),), international=((None, "2.5", "7.5"),),
        international_currency="USD",
    ),
    _row(
        "qwen3.7-plus", "Qwen3.7 Plus", "qwen3.7", "chat",
        "A good balance of quality, speed and price; sees pictures and video.",
        limits=(M, None, 65_536, 256 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "schema", "search", "cache", "prefix", "interpreter"),
        vision=_SINCE_35_MANY,
        international=((256 * K, "0.5", "3"), (None, "2", "6")),
        international_currency="USD", as_of=COMMUNITY,
    ),
    _row(
        "qwen3.7-flash", "Qwen3.7 Flash", "qwen3.7", "chat",
        "Very fast and very cheap; sees pictures and video.",
        limits=(M, 991_000, 65_536, 256 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "prefix"), vision=_SINCE_35,
        beijing=((32 * K, "0.2", "0.8"), (256 * K, "0.6", "2.4"), (None, "1.2", "4.8")),
        international=((32 * K, "0.03", "0.13"), (256 * K, "0.10", "0.40"), (None, "0.20", "0.80")),
        international_currency="USD", as_of=COMMUNITY,
    ),
    _row(
        "qwen3.6-max-preview", "Qwen3.6 Max (preview)", "qwen3.6", "chat",
        "A preview of a strong thinker for text.",
        limits=(256 * K, 245_760, 65_536, 128 * K), thinking="hybrid_on",
        features=("tools", "json", "search", "cache", "prefix"),
        beijing=((128 * K, "9", "54"), (None, "15", "90")),
        international=((None, "1.3", "7.8"),), international_currency="USD",
    ),
    _row(
        "qwen3.6-plus", "Qwen3.6 Plus", "qwen3.6", "chat",
        "A good balance of quality, speed and price; sees pictures and video.",
        limits=(M, 991_808, 65_536, 80 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "search", "cache", "prefix", "interpreter"), vision=_SINCE_35,
        beijing=((256 * K, "2", "12"), (None, "8", "48")),
        international=((None, "0.5", "3"),), international_currency="USD",
    ),
    _row(
        "qwen3.6-flash", "Qwen3.6 Flash", "qwen3.6", "chat",
        "Fast and cheap; sees pictures and video.",
        limits=(M, 991_808, 65_536, 128 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "search", "cache", "prefix"), vision=_SINCE_35,
        beijing=((256 * K, "1.2", "7.2"), (None, "4.8", "28.8")),
        international=((None, "0.1875", "1.125"),), international_currency="USD",
    ),
    _row(
        "qwen3.5-plus", "Qwen3.5 Plus", "qwen3.5", "chat",
        "An earlier balance of quality and price; sees pictures and video.",
        limits=(M, 991_808, 65_536, 80 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "search", "cache", "prefix", "interpreter"), vision=_SINCE_35,
        beijing=((128 * K, "0.8", "4.8"), (256 * K, "2", "12"), (None, "4", "24")),
        international=((None, "0.4", "2.4"),), international_currency="USD",
    ),
    _row(
        "qwen3.5-flash", "Qwen3.5 Flash", "qwen3.5", "chat",
        "Cheap and quick for simple tasks; sees pictures and video.",
        limits=(M, 991_808, 65_536, 80 * K), thinking="hybrid_on", inputs=_SEEING,
        features=("tools", "json", "search", "cache", "prefix", "interpreter"), vision=_SINCE_35,
        beijing=((128 * K, "0.2", "2"), (256 * K, "0.8", "8"), (None, "1.2", "12")),
        international=((None, "0.734", "2.936"),),
    ),
    _row(
        "qwen3-max", "Qwen3 Max", "qwen3", "chat",
        "The flagship of the third generation; text.",
        limits=(256 * K, 258_048, 65_536, None), thinking="hybrid_off",
        features=("tools", "json", "search", "cache", "prefix", "interpreter"),
        beijing=((32 * K, "2.5", "10"), (128 * K, "4", "16"), (None, "7", "28")),
        international=(
            (32 * K, "8.807", "44.035"), (128 * K, "17.614", "88.071"), (None, "22.018", "110.089"),
        ),
    ),
    _row(
        "qwen-max", "Qwen Max", "qwen", "chat",
        "An older flagship with a short memory; text.",
        limits=(32_768, 30_720, 8192, None),
        features=("tools", "json", "search", "cache", "prefix"),
        beijing=((None, "2.4", "9.6"),), international=((None, "1.6", "6.4"),),
        international_currency="USD",
    ),
    _row(
        "qwen-plus", "Qwen Plus", "qwen", "chat",
        "Solid and inexpensive for everyday text; thinks when asked to.",
        limits=(M, 997_952, 32_768, None), thinking="hybrid_off",
        features=("tools", "json", "search", "cache", "prefix"),
        beijing=(
            (128 * K, "0.8", "2", "8"), (256 * K, "2.4", "20", "24"), (None, "4.8", "48", "64"),
        ),
        international=((None, "0.4", "1.2", "4"),), international_currency="USD",
    ),
    _row(
        "qwen-flash", "Qwen Flash", "qwen", "chat",
        "Fast and very cheap for simple text; thinks when asked to.",
        limits=(M, 997_952, 32_768, None), thinking="hybrid_off",
        features=("tools", "json", "search", "cache", "prefix"),
        beijing=((128 * K, "0.15", "1.5"), (256 * K, "0.6", "6"), (None, "1.2", "12")),
        international=((None, "0.05", "0.4"),), international_currency="USD",
    ),
    _row(
        "qwen-turbo", "Qwen Turbo", "qwen", "chat",
        "Superseded by Qwen Flash; kept for older settings.",
        # While it thinks, 128K.
        limits=(M, None, 16_384, None), thinking="hybrid_off", features=("cache", "prefix"),
        beijing=((None, "0.3", "0.6", "3"),), international=((None, "0.367", "1.468", "3.67"),),
    ),
    _row(
        "qwq-plus", "QwQ Plus", "qwq", "reasoning",
        "Always thinks before it answers; mathematics, code, logic.",
        limits=(131_072, 98_304, 8192, 32 * K), thinking="always", features=("tools", "search"),
        beijing=((None, "1.6", "4"),), international=((None, "5.871", "17.614"),),
        stream_only=True,
    ),
    _row(
        "qwen-long", "Qwen Long", "qwen", "document",
        "Questions about long documents and many files.",
        # Newer texts say that 32,768 come out; the catalogue says 8,192.
        limits=(10 * M, 10 * M, 32_768, None), inputs=_FILES, features=("schema",),
        beijing=((None, "0.5", "2"),),
    ),
    _row(
        "qwen-doc-turbo", "Qwen Doc Turbo", "qwen", "document",
        "Takes data out of a few documents.",
        limits=(262_144, 253_952, 8192, None), inputs=_FILES, beijing=((None, "0.6", "1"),),
    ),
    _row(
        "qwen3-vl-plus", "Qwen3 VL Plus", "qwen3-vl", "vision",
        "Looks closely at pictures and video.",
        limits=(262_144, 260_096, 32_768, None), thinking="hybrid_off", inputs=_SEEING,
        features=("tools", "json", "cache", "prefix"), vision=_QWEN3_VL,
        beijing=((32 * K, "1", "10"), (128 * K, "1.5", "15"), (None, "3", "30")),
        international=(
            (32 * K, "1.468", "11.743"), (128 * K, "2.202", "17.614"), (None, "4.404", "35.228"),
        ),
    ),
    _row(
        "qwen3-vl-flash", "Qwen3 VL Flash", "qwen3-vl", "vision",
        "Looks at pictures and video, fast and cheap.",
        limits=(262_144, 260_096, 32_768, None), thinking="hybrid_off", inputs=_SEEING,
        features=("tools", "json", "cache", "prefix"), vision=_QWEN3_VL,
        beijing=((32 * K, "0.15", "1.5"), (128 * K, "0.3", "3"), (None, "0.6", "6")),
        international=(
            (32 * K, "0.367", "2.936"), (128 * K, "0.55", "4.404"), (None, "0.881", "7.046"),
        ),
    ),
    _row(
        "qwen-vl-max", "Qwen VL Max", "qwen-vl", "vision",
        "An earlier model for pictures and video.",
        limits=(131_072, 129_024, 8192, None), inputs=_SEEING,
        features=("json", "cache", "prefix"), vision=_QWEN_VL_MAX,
        beijing=((None, "1.6", "4"),), international=((None, "5.871", "23.486"),),
    ),
    _row(
        "qwen-vl-plus", "Qwen VL Plus", "qwen-vl", "vision",
        "An earlier, cheaper model for pictures and video.",
        limits=(131_072, 129_024, 8192, None), inputs=_SEEING,
        features=("json", "cache", "prefix"), vision=_QWEN_VL_PLUS,
        beijing=((None, "0.8", "2"),), international=((None, "1.541", "4.624"),),
    ),
    _row(
        "qvq-max", "QVQ Max", "qvq", "reasoning",
        "Always thinks about what it sees; diagrams, exercises.",
        limits=(131_072, 106_496, 8192, 16 * K), thinking="always", inputs=_SEEING, vision=_QVQ,
        beijing=((None, "8", "32"),), international=((None, "8.807", "35.228"),),
        stream_only=True,
    ),
    _row(
        "qwen-vl-ocr", "Qwen VL OCR", "qwen-vl", "ocr",
        "Reads the text in a picture.",
        limits=(38_192, 30_000, 8192, None), inputs=_PICTURES, vision=_OCR,
        beijing=((None, "0.3", "0.5"),), international=((None, "0.514", "1.174"),),
    ),
    _row(
        "qwen3-coder-plus", "Qwen3 Coder Plus", "qwen3-coder", "code",
        "Writes and changes programs, with tools.",
        limits=(M, 997_952, 65_536, None), features=("tools", "cache", "prefix"),
        beijing=(
            (32 * K, "4", "16"), (128 * K, "6", "24"), (256 * K, "10", "40"), (None, "20", "200"),
        ),
        international=((32 * K, "1", "5"),), international_currency="USD",
    ),
    _row(
        "qwen3-coder-flash", "Qwen3 Coder Flash", "qwen3-coder", "code",
        "Writes and changes programs, fast and cheap.",
        limits=(M, 997_952, 65_536, None), features=("tools", "cache", "prefix"),
        beijing=(
            (32 * K, "1", "4"), (128 * K, "1.5", "6"), (256 * K, "2.5", "10"), (None, "5", "25"),
        ),
        international=((32 * K, "2.202", "11.009"),),
    ),
    _row(
        "qwen3-coder-next", "Qwen3 Coder Next", "qwen3-coder", "code",
        "A small open model for programs.",
        limits=(262_144, 204_800, 65_536, None), features=("tools", "prefix"),
    ),
    # Omni models are priced by kind of input and output, which usage does not tell apart: no price
    # rather than a wrong one.
    _row(
        "qwen3.5-omni-plus", "Qwen3.5 Omni Plus", "qwen3.5", "omni",
        "Hears, sees and reads.",
        limits=(262_144, 196_608, 65_536, None), inputs=_ALL_SENSES, features=("search",),
        vision=_OMNI, stream_only=True,
    ),
    _row(
        "qwen3.5-omni-flash", "Qwen3.5 Omni Flash", "qwen3.5", "omni",
        "Hears, sees and reads, fast and cheap.",
        limits=(262_144, 196_608, 65_536, None), inputs=_ALL_SENSES, features=("search",),
        vision=_OMNI, stream_only=True,
    ),
    _row(
        "qwen3-omni-flash", "Qwen3 Omni Flash", "qwen3", "omni",
        "An earlier model that hears, sees and reads.",
        limits=(65_536, 49_152, 16_384, None), thinking="hybrid_off", inputs=_ALL_SENSES,
        features=("tools",), vision=_OMNI, stream_only=True,
    ),
    _row(
        "qwen-mt-plus", "Qwen MT Plus", "qwen-mt", "translation",
        "Translates one text at a time.",
        limits=(16_384, 8192, 8192, None), cumulative=True,
        beijing=((None, "1.8", "5.4"),), international=((None, "18.055", "54.09"),),
    ),
    _row(
        "qwen-mt-flash", "Qwen MT Flash", "qwen-mt", "translation",
        "Translates one text at a time, fast and cheap.",
        limits=(16_384, 8192, 8192, None),
        beijing=((None, "0.7", "1.95"),), international=((None, "1.174", "3.596"),),
    ),
    _row(
        "qwen-plus-character", "Qwen Plus Character", "qwen", "roleplay",
        "Plays a character in a conversation.",
        limits=(32_768, 32_768, 4096, None), features=("search",),
        beijing=((None, "0.8", "2"),), international=((None, "3.747", "10.492"),),
    ),
    _row(
        "qwen3-235b-a22b-instruct-2507", "Qwen3 235B Instruct", "qwen3", "chat",
        "A large open model that answers at once.",
        limits=(131_072, 129_024, 32_768, None), features=("tools", "json", "prefix"),
        beijing=((None, "2", "8"),),
    ),
    _row(
        "qwen3-235b-a22b-thinking-2507", "Qwen3 235B Thinking", "qwen3", "reasoning",
        "A large open model that always thinks.",
        limits=(131_072, 129_024, 32_768, None), thinking="always", features=("tools", "json"),
        beijing=((None, "2", "20"),), stream_only=True,
    ),
)  # fmt: skip

MODELS: dict[str, Model] = {model.id: model for model in _ROWS}

# Snapshots that look at pictures unlike their line does (Source: dashscope-api §8.1).
_UNLIKE_THEIR_LINE: dict[str, Model] = {
    name: replace(MODELS["qwen-vl-ocr"], vision=_OCR_SINCE_2025_11)
    for name in ("qwen-vl-ocr-latest", "qwen-vl-ocr-2025-11-20")
}

# "-2025-12-01", "-0919", "-latest", and "-us" for the pool of that region.
_SUFFIX = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4}|latest|us)$", re.ASCII)


def find(model_id: str) -> Model | None:
    """Give the row of a model; a dated snapshot, `-latest` and `-us` have their line's. None for a
    model we know nothing about.

    Old snapshots may have smaller limits than their line; the service refuses what they cannot do.
    """
    if model := _UNLIKE_THEIR_LINE.get(model_id):
        return model
    name = model_id
    while (model := MODELS.get(name)) is None:
        shorter = _SUFFIX.sub("", name)
        if shorter == name:
            return None
        name = shorter
    return model


def price(model: Model, input_tokens: int, region: Region) -> Price | None:
    """Give the price that holds for a request of this size, None where no source gives one."""
    for candidate in model.prices:
        if candidate.region == region and (
            candidate.up_to_input_tokens is None or input_tokens <= candidate.up_to_input_tokens
        ):
            return candidate
    return None


def cost(model: Model, usage: Usage, region: Region) -> Decimal | None:
    """Give what an answer cost, in the currency of `price(...)` for its size; None where no source
    gives a price.

    Counts hits in the implicit cache, but no batch discount, no free quota, and no tools of the
    service.
    """
    tier = price(model, usage.prompt_tokens, region)
    if tier is None:
        return None
    output = tier.output
    if usage.reasoning_tokens and tier.thinking_output is not None:
        output = tier.thinking_output
    cached = usage.cached_tokens if tier.cached_input is not None else 0
    spent = tier.input * (usage.prompt_tokens - cached) + output * usage.completion_tokens
    if tier.cached_input is not None:
        spent += tier.cached_input * cached
    return spent / M
