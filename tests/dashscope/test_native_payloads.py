from __future__ import annotations

import pytest

from qwenchat.dashscope.payloads import (
    FieldError,
    chat,
    frames_part,
    image_part,
    is_multimodal,
    native,
    system,
    text_part,
    user,
    video_part,
)
from qwenchat.dashscope.payloads.native import native_path

PICTURE = "data:image/jpeg;base64,/9j/4AAQ"
FRAMES = [f"https://example.org/{number}.jpg" for number in range(4)]


def test_messages_go_into_input_and_all_else_into_parameters():
    body = chat(
        "qwen-plus", [user("Hi")], stream=True, include_usage=True, thinking=False, temperature=0.7
    )
    assert native(body) == {
        "model": "qwen-plus",
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "parameters": {
            "result_format": "message",
            "incremental_output": True,
            "enable_thinking": False,
            "temperature": 0.7,
        },
    }


def test_parts_are_named_by_what_they_hold():
    said = [
        system("Look."),
        user(
            [
                image_part(PICTURE, max_pixels=100_000),
                frames_part(FRAMES, fps=2),
                video_part(FRAMES[0], total_pixels=10**8),
                text_part("?"),
            ]
        ),
    ]
    assert native(chat("qwen3-vl-plus", said))["input"]["messages"] == [
        {"role": "system", "content": [{"text": "Look."}]},
        {
            "role": "user",
            "content": [
                {"image": PICTURE, "max_pixels": 100_000},
                {"video": FRAMES, "fps": 2},
                {"video": FRAMES[0], "total_pixels": 10**8},
                {"text": "?"},
            ],
        },
    ]


def test_a_part_that_is_native_already_stays():
    said = [user([{"image": PICTURE}, {"text": "?"}])]
    body = native({"model": "qwen3-vl-plus", "messages": said})
    assert body["input"]["messages"] == said


@pytest.mark.parametrize(
    ("model", "content", "multimodal"),
    [
        ("qwen-plus", "hi", False),
        ("qwen-long", "hi", False),
        ("qwen3.7-plus", "hi", True),
        ("qwen-vl-ocr-latest", "hi", True),
        ("unheard-of", "hi", False),
        ("unheard-of", [text_part("hi")], False),
        ("unheard-of", [image_part(PICTURE)], True),
        ("unheard-of", [{"image": PICTURE}], True),
    ],
)
def test_the_path_goes_by_what_the_model_takes(model, content, multimodal):
    body = native({"model": model, "messages": [user(content)]})
    assert is_multimodal(model, [user(content)]) is multimodal
    assert ("multimodal" in native_path(body)) is multimodal


def test_a_document_by_its_address_stays_with_the_models_that_read():
    part = {"type": "doc_url", "doc_url": ["https://x.org/a.pdf"], "file_parsing_strategy": "auto"}
    body = chat("qwen-doc-turbo", [user([part, text_part("?")])], native=True)
    assert body["input"]["messages"][0]["content"] == [part, text_part("?")]
    assert "text-generation" in native_path(body)


def test_only_the_service_speaks_it():
    with pytest.raises(FieldError, match="native"):
        chat("llama", [user("hi")], dialect="openai", native=True)
