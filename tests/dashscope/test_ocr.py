from __future__ import annotations

import pytest

from qwenchat.dashscope.payloads import TASKS, FieldError, native_ocr, ocr

PICTURE = "data:image/jpeg;base64,/9j/4AAQ"


def test_without_a_prompt_the_picture_stands_alone():
    assert ocr("qwen-vl-ocr", PICTURE, stream=True, include_usage=True) == {
        "model": "qwen-vl-ocr",
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": PICTURE}]},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_native_task_is_asked_as_the_manual_shows():
    schema = {"Invoice no": "digits only", "Date": "YYYY-MM-DD"}
    assert native_ocr(
        "qwen-vl-ocr-latest",
        PICTURE,
        task="key_information_extraction",
        schema=schema,
        min_pixels=3072,
        max_pixels=8_388_608,
        rotate=True,
    ) == {
        "model": "qwen-vl-ocr-latest",
        "input": {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "image": PICTURE,
                            "min_pixels": 3072,
                            "max_pixels": 8_388_608,
                            "enable_rotate": True,
                        }
                    ],
                }
            ]
        },
        "parameters": {
            "ocr_options": {
                "task": "key_information_extraction",
                "task_config": {"result_schema": schema},
            }
        },
    }


@pytest.mark.parametrize("task", TASKS)
def test_all_seven_tasks_can_be_asked(task):
    body = native_ocr("qwen-vl-ocr", PICTURE, task=task)
    assert body["parameters"] == {"ocr_options": {"task": task}}
    assert len(TASKS) == 7


DEEP = {"a": {"b": {"c": "text"}}}


@pytest.mark.parametrize("schema", [DEEP, {"Items": [{"Name": "", "Price": "number"}]}])
def test_a_schema_may_have_three_levels_and_lists(schema):
    body = native_ocr("qwen-vl-ocr", PICTURE, task=TASKS[2], schema=schema)
    assert body["parameters"]["ocr_options"]["task_config"]["result_schema"] == schema


@pytest.mark.parametrize(
    "schema", [{}, {"a": DEEP}, {"a": 1}, {"": "x"}, {"a": None}, {"a": {}}, {"a": [3]}]
)
def test_a_schema_that_is_none_is_refused(schema):
    with pytest.raises(FieldError, match="schema"):
        native_ocr("qwen-vl-ocr", PICTURE, task="key_information_extraction", schema=schema)


def test_other_tasks_take_no_schema_and_there_are_no_others():
    with pytest.raises(FieldError, match="schema"):
        native_ocr("qwen-vl-ocr", PICTURE, task="table_parsing", schema={"a": "b"})
    with pytest.raises(FieldError, match="model"):
        native_ocr("qwen-plus", PICTURE, task="multi_lan")
    with pytest.raises(FieldError, match="task"):
        native_ocr("qwen-vl-ocr", PICTURE, task="translate")


@pytest.mark.parametrize(
    ("model", "fewest", "most"),
    [
        ("qwen-vl-ocr", 3136, 23_520_000),
        ("qwen-vl-ocr-2025-08-28", 3136, 23_520_000),
        ("qwen-vl-ocr-2025-11-20", 3072, 30_720_000),
    ],
)
def test_pixels_are_held_against_the_snapshots_limits(model, fewest, most):
    assert ocr(model, PICTURE, min_pixels=fewest, max_pixels=most)
    for field, limits in (
        ("min_pixels", {"min_pixels": fewest - 1}),
        ("max_pixels", {"max_pixels": most + 1}),
    ):
        with pytest.raises(FieldError) as caught:
            ocr(model, PICTURE, **limits)
        assert caught.value.field == field
        with pytest.raises(FieldError):
            native_ocr(model, PICTURE, task="multi_lan", **limits)
