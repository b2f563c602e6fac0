from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from qwenchat.dashscope import MODELS, Usage, cost, find, price


def used(prompt, completion, cached=0, reasoning=0):
    return Usage(prompt, completion, prompt + completion, cached, reasoning)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.id)
def test_a_row_agrees_with_itself(model):
    assert MODELS[model.id] is model
    assert model.title
    assert model.summary.endswith(".")
    assert "text" in model.inputs
    for limit in (model.max_input_tokens, model.max_output_tokens, model.max_thinking_tokens):
        assert limit is None or 0 < limit <= model.context_tokens
    assert model.max_thinking_tokens is None or model.can_think
    sees = bool({"image", "video"} & model.inputs)
    assert sees is (model.vision is not None)
    if model.vision is not None:
        vision = model.vision
        assert vision.patch_px in (28, 32)
        assert vision.min_pixels < vision.default_max_pixels <= vision.max_pixels
        assert ("video" in model.inputs) is (vision.frames is not None)
    assert not (model.thinking == "always" and model.prefix)
    assert not model.effort or model.id.startswith("qwen3.8")
    assert not model.code_interpreter or model.thinking.startswith("hybrid")


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.id)
def test_the_tiers_of_a_price_rise(model):
    for region in ("beijing", "international"):
        tiers = [each for each in model.prices if each.region == region]
        assert len({tier.currency for tier in tiers}) <= 1
        bounds = [tier.up_to_input_tokens or float("inf") for tier in tiers]
        assert bounds == sorted(set(bounds))
        assert [tier.input for tier in tiers] == sorted(tier.input for tier in tiers)
        for tier in tiers:
            assert 0 < tier.input < tier.output
            assert tier.thinking_output is None or tier.thinking_output > tier.output
            assert tier.cached_input is None or tier.cached_input < tier.input
            assert tier.thinking_output is None or model.can_think
    assert dt.date(2026, 5, 30) <= model.prices_as_of <= dt.date(2026, 10, 1)


# Copied by hand from the table of dashscope-api §11, not from the module.
LITERALLY = [
    ("qwen3.8-max", 1_000_000, None, 131_072, 262_144, "hybrid_on"),
    ("qwen3.7-max", 1_000_000, 991_808, 65_536, 262_144, "hybrid_on"),
    ("qwen3.6-max-preview", 262_144, 245_760, 65_536, 131_072, "hybrid_on"),
    ("qwen3.5-plus", 1_000_000, 991_808, 65_536, 81_920, "hybrid_on"),
    ("qwen3-max", 262_144, 258_048, 65_536, None, "hybrid_off"),
    ("qwen-max", 32_768, 30_720, 8_192, None, "none"),
    ("qwen-plus", 1_000_000, 997_952, 32_768, None, "hybrid_off"),
    ("qwen-turbo", 1_000_000, None, 16_384, None, "hybrid_off"),
    ("qwq-plus", 131_072, 98_304, 8_192, 32_768, "always"),
    ("qwen-long", 10_000_000, 10_000_000, 32_768, None, "none"),
    ("qvq-max", 131_072, 106_496, 8_192, 16_384, "always"),
    ("qwen-vl-ocr", 38_192, 30_000, 8_192, None, "none"),
    ("qwen3-coder-plus", 1_000_000, 997_952, 65_536, None, "none"),
    ("qwen3-235b-a22b-thinking-2507", 131_072, 129_024, 32_768, None, "always"),
]


@pytest.mark.parametrize(("name", "context", "most_in", "most_out", "cot", "thinking"), LITERALLY)
def test_rows_are_as_the_service_documents_them(name, context, most_in, most_out, cot, thinking):
    model = MODELS[name]
    limits = (model.context_tokens, model.max_input_tokens, model.max_output_tokens)
    assert limits == (context, most_in, most_out)
    assert (model.max_thinking_tokens, model.thinking) == (cot, thinking)


def test_features_are_as_the_service_documents_them():
    plus = MODELS["qwen3.7-plus"]
    assert plus.inputs == {"text", "image", "video"}
    assert plus.tools and plus.json_mode and plus.json_schema and plus.search and plus.prefix
    assert MODELS["qwen-long"].inputs == {"text", "file"}
    assert not MODELS["qwen3-coder-plus"].search
    assert MODELS["qwen3-vl-plus"].frames == (4, 2000)
    assert MODELS["qwen3.5-plus"].frames == (4, 8000)
    assert MODELS["qwen3.5-plus"].max_pixels == 16_777_216
    assert MODELS["qvq-max"].min_pixels == 3136
    assert MODELS["qwen-plus"].min_pixels is None


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("qwen-plus", "qwen-plus"),
        ("qwen-plus-latest", "qwen-plus"),
        ("qwen-plus-2025-12-01", "qwen-plus"),
        ("qwen-plus-2025-12-01-us", "qwen-plus"),
        ("qwen-plus-us", "qwen-plus"),
        ("qwen-vl-max-0813", "qwen-vl-max"),
        ("qwen3-235b-a22b-instruct-2507", "qwen3-235b-a22b-instruct-2507"),
    ],
)
def test_snapshots_belong_to_their_line(name, line):
    assert find(name).id == line


@pytest.mark.parametrize("name", ["", "Qwen-Plus", "qwen3.7-max-preview", "qwen-plus-extra", "gpt"])
def test_other_names_are_unknown(name):
    assert find(name) is None


@pytest.mark.parametrize(
    ("name", "usage", "region", "expected"),
    [
        # 0.8/2 up to 128K, thinking 8; the whole output costs more when it thought.
        ("qwen-plus", used(1_000, 1_000), "beijing", "0.0028"),
        ("qwen-plus", used(1_000, 1_000, reasoning=1), "beijing", "0.0088"),
        # The tier holds for the whole request.
        ("qwen-plus", used(131_072, 0), "beijing", "0.1048576"),
        ("qwen-plus", used(131_073, 0), "beijing", "0.3145752"),
        ("qwen-plus", used(1_000_000, 1_000), "beijing", "4.848"),
        ("qwen3.7-plus", used(300_000, 1_000), "international", "0.606"),
        ("qwen3.7-plus", used(1, 1), "beijing", None),
        # A cache hit costs a fifth, of qwen3.8-max an eighth; without a cache nothing less.
        ("qwen-plus", used(1_000, 0, cached=500), "beijing", "0.00048"),
        ("qwen3.8-max", used(1_000, 0, cached=1_000), "beijing", "0.0015"),
        ("qwq-plus", used(1_000, 0, cached=1_000), "beijing", "0.0016"),
        # Only the first tier is known.
        ("qwen3-coder-plus", used(40_000, 1), "international", None),
        ("qwen3-omni-flash", used(1, 1), "beijing", None),
    ],
)
def test_what_an_answer_cost(name, usage, region, expected):
    assert cost(MODELS[name], usage, region) == (None if expected is None else Decimal(expected))


def test_a_price_says_its_currency():
    assert price(MODELS["qwen-plus"], 1, "beijing").currency == "CNY"
    assert price(MODELS["qwen-plus"], 1, "international").currency == "USD"
    assert price(MODELS["qwen-long"], 1, "international") is None


def test_the_models_with_a_code_interpreter_are_those_of_the_manual():
    having = {model.id for model in MODELS.values() if model.code_interpreter}
    assert having == {
        "qwen3.7-plus",
        "qwen3.6-plus",
        "qwen3.5-plus",
        "qwen3.5-flash",
        "qwen3-max",
    }
    assert find("qwen3-max-2026-01-23").code_interpreter
