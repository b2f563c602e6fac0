"""Reading pictures: through the official SDKs, with every built-in task, and honestly."""

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image, ImageDraw, ImageFont

from . import media
from .test_native import MULTIMODAL, native, sdk  # noqa: F401 -- fixtures

ALGO = "<400> InternalError.Algo.InvalidParameter: "
LETTER = [
    "Invoice no: 142011726001",
    "Date: 2026-11-25",
    "The quick brown fox jumps",
    "over the lazy dog.",
    "Total: 1,250.00 EUR",
]
TABLE = [("Fruit", "Count", "Price"), ("Apples", "12", "3.50"), ("Pears", "7", "2.25")]


def written(lines=LETTER, *, size=32, ink="black", ground="white", kind="PNG"):
    font = ImageFont.load_default(size)
    picture = Image.new("RGB", (size * 20, size * 2 * (len(lines) + 1)), ground)
    draw = ImageDraw.Draw(picture)
    for at, line in enumerate(lines):
        cells = [line] if isinstance(line, str) else line
        for column, cell in enumerate(cells):
            draw.text((size + column * size * 6, size + at * size * 2), cell, ink, font)
    return saved(picture, kind)


def saved(picture, kind="PNG"):
    out = io.BytesIO()
    picture.save(out, kind, quality=90)
    return out.getvalue()


def printed(lines, font="Helvetica"):
    """A PDF page as the app renders it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(media.pdf(lines[0]).replace(b"Helvetica", font.encode()))
    try:
        return saved(document[0].render(scale=2).to_pil(), "JPEG")
    finally:
        document.close()


@pytest.fixture
def read(client):
    """The compatible call, as the vendor's sample has it: a bare URL, the picture first."""

    def ask(data, prompt="Read all the text in the image.", model="qwen-vl-ocr", **options):
        part = {"type": "image_url", "image_url": media.url(data), **options}
        content = [part, {"type": "text", "text": prompt}] if prompt else [part]
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": content}]
        )
        return answer.choices[0].message.content

    return ask


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"size": 24},
        {"size": 64},
        {"ink": "white", "ground": "navy"},
        {"ink": "#222", "ground": "#eed"},
        {"kind": "JPEG"},
        {"kind": "WEBP"},
    ],
    ids=str,
)
def test_what_is_written_is_read(read, look):
    assert read(written(**look), min_pixels=3136, max_pixels=1003520) == "\n".join(LETTER)


def test_a_page_of_a_pdf_is_read(read):
    line = "The lighthouse keeper counted 27 ships every evening."
    assert read(printed([line])) == line
    assert read(printed([line], "Courier"), prompt=None) == line


def test_a_font_of_the_system_is_read_where_there_is_one(read):
    try:
        font = ImageFont.truetype("DejaVuSans.ttf", 28)
    except OSError:
        pytest.skip("DejaVu is not on this machine")
    picture = Image.new("RGB", (700, 100), "white")
    ImageDraw.Draw(picture).text((20, 20), "Order 4711, 12 lamps: 1,250.00", "black", font)
    assert read(saved(picture)) == "Order 4711, 12 lamps: 1,250.00"


def test_two_pictures_of_the_same_words_differ_only_in_place(read):
    assert read(written(size=20)).split("\n")[0] == read(written(size=48)).split("\n")[0]


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (300, 200), "white"),
        Image.effect_noise((300, 200), 90).convert("RGB"),
        Image.linear_gradient("L").convert("RGB"),
        Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 60).convert("RGB"),
    ],
    ids=["blank", "noise", "gradient", "fractal"],
)
def test_what_can_t_be_read_is_said_to_be_so(read, picture):
    answer = read(saved(picture))
    assert answer.startswith("(The sandbox can't read this picture: a PNG of ")


def test_json_is_given_when_it_is_asked_for(read):
    answer = read(written(), "Give me the fields as JSON")
    assert json.loads(answer.removeprefix("```json\n").removesuffix("\n```")) == {
        "Invoice no": "142011726001",
        "Date": "2026-11-25",
        "Total": "1,250.00 EUR",
    }


def refused(post, messages, model="qwen-vl-ocr"):
    answer = post(model=model, messages=messages)
    assert answer.status_code == 400
    return answer.json()["error"]["message"]


def test_an_ocr_model_takes_one_message_with_a_picture(post):
    user = {"role": "user", "content": [media.image_part()]}
    assert refused(post, [{"role": "system", "content": "x"}, user]) == (
        ALGO + "The system role is not supported by this model."
    )
    assert refused(post, [user, {"role": "assistant", "content": "x"}, user]) == (
        ALGO + "Multi-turn conversation is not supported by this model."
    )
    text = {"role": "user", "content": [{"type": "text", "text": "Hello"}]}
    assert refused(post, [text]) == ALGO + "The input messages do not contain an image."
    frames = {"role": "user", "content": [media.frames_part(*["red"] * 4)]}
    assert "Unexpected item type" in refused(post, [frames])


@pytest.fixture
def task(sdk):  # noqa: F811
    """A built-in task through the official SDK: the text, and what came with it."""

    def run(data, name, *, stream=False, part=(), **config):
        options = {"task": name} | ({"task_config": config} if config else {})
        answer = sdk.MultiModalConversation.call(
            model="qwen-vl-ocr-latest",
            messages=[{"role": "user", "content": [{"image": media.url(data), **dict(part)}]}],
            ocr_options=options,
            stream=stream,
        )
        if stream:
            *_, answer = answer
        assert answer.status_code == 200, answer.message
        content = answer.output.choices[0].message.content[0]
        return content["text"], content.get("ocr_result")

    return run


def test_text_recognition_and_many_languages_give_plain_text(task):
    for name in ("text_recognition", "multi_lan"):
        assert task(written(), name) == ("\n".join(LETTER), None)


def test_advanced_recognition_says_where_everything_is(task):
    text, result = task(written(size=32), "advanced_recognition")
    words = result["words_info"]
    assert [word["text"] for word in words] == LETTER
    assert [entry["text"] for entry in json.loads(text[8:-4])] == LETTER
    ink = Image.open(io.BytesIO(written(size=32))).convert("L").point([255] * 128 + [0] * 128)
    for at, word in enumerate(words):
        row = 32 + 64 * at
        left, top, right, bottom = ink.crop((0, row, ink.width, row + 60)).getbbox()
        x1, y1, x2, y2, x3, y3, x4, y4 = word["location"]
        assert (x1, y1, x2, y3) == (x4, y2, x3, y4)
        for found, drawn in ((x1, left), (x2, right), (y1, row + top), (y3, row + bottom)):
            assert abs(found - drawn) <= 1
        cx, cy, width, height, angle = word["rotate_rect"]
        assert (x1 + x3) // 2 == cx
        assert (y1 + y3) // 2 == cy
        assert (width, height, angle) == (x3 - x1, y3 - y1, 0)


def test_a_turned_picture_is_turned_when_that_is_allowed(task):
    upright = Image.open(io.BytesIO(written(["Hello World", "from the side"])))
    turned = saved(upright.rotate(-90, expand=True))
    text, _ = task(turned, "text_recognition", part={"enable_rotate": True}.items())
    assert text == "Hello World\nfrom the side"
    _, result = task(turned, "advanced_recognition", part={"enable_rotate": True}.items())
    x1, y1, x2, y2, *_ = result["words_info"][0]["location"]
    # Read downwards along the right side.
    assert x1 > upright.height / 2
    assert abs(x1 - x2) <= 3
    assert y2 > y1
    assert result["words_info"][0]["rotate_rect"][4] == 90


def test_key_information_is_extracted_by_a_schema(task):
    schema = {
        "Invoice number": "digits only",
        "date": "YYYY-MM-DD",
        "sums": {"total": "", "tax": ""},
    }
    text, result = task(written(), "key_information_extraction", result_schema=schema)
    expected = {
        "Invoice number": "142011726001",
        "date": "2026-11-25",
        "sums": {"total": "1,250.00 EUR", "tax": "null"},
    }
    assert result == {"kv_result": expected}
    assert json.loads(text.removeprefix("```json\n").removesuffix("\n```")) == expected
    _, everything = task(written(), "key_information_extraction")
    assert everything["kv_result"]["Date"] == "2026-11-25"


def test_tables_come_as_html(task):
    text, _ = task(written(["A list of fruit", *TABLE]), "table_parsing")
    assert text.startswith("```html\n<table>")
    cells = re.findall(r"<td>(.*?)</td>", text)
    assert cells == [cell for row in TABLE for cell in row]


def test_documents_and_formulas_come_as_latex(task):
    text, _ = task(written(["Profit & loss of 7%", "follows."]), "document_parsing")
    assert text == "Profit \\& loss of 7\\%\nfollows."
    text, _ = task(written(["E = mc2"]), "formula_recognition")
    assert text == "$$\nE = mc^{2}\n$$"


def test_a_streamed_task_ends_with_its_result(task):
    text, result = task(written(), "advanced_recognition", stream=True)
    assert json.loads(text[8:-4])[0]["text"] == LETTER[0]
    assert len(result["words_info"]) == len(LETTER)


def test_a_task_on_an_unreadable_picture_has_no_words(task):
    blank = media.image("white")
    text, result = task(blank, "advanced_recognition")
    assert "can't read this picture" in text
    assert result == {"words_info": []}
    _, result = task(blank, "key_information_extraction", result_schema={"Date": ""})
    assert result == {"kv_result": {"Date": "null"}}


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("qwen3-vl-plus", {"task": "multi_lan"}, ALGO + "This model does not support ocr_options."),
        ("qwen-vl-ocr", {"task": "read"}, "read is not one of ['text_recognition', "),
        (
            "qwen-vl-ocr",
            {
                "task": "key_information_extraction",
                "task_config": {"result_schema": {"a": {"b": {"c": {"d": ""}}}}},
            },
            ALGO + "result_schema should not have more than 3 levels",
        ),
        ("qwen-vl-ocr", "multi_lan", "'multi_lan' is not of type 'object' - 'ocr_options'"),
    ],
)
def test_tasks_are_refused_where_there_are_none(native, model, options, message):  # noqa: F811
    body = {
        "model": model,
        "input": {"messages": [{"role": "user", "content": [{"image": media.url(written())}]}]},
        "parameters": {"ocr_options": options},
    }
    answer = native.post(MULTIMODAL, json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_a_picture_of_dots_is_given_up_soon():
    import time

    from qwenchat.sandbox.ocr.reading import read

    dots = Image.new("L", (10, 10), "white")
    ImageDraw.Draw(dots).rectangle((2, 2, 5, 6), fill="black")
    picture = Image.new("L", (2400, 2400))
    for at in range(0, 2400 * 240, 10):
        picture.paste(dots, (at % 2400, at // 2400 * 10))
    started = time.process_time()
    assert read(picture).lines == ()
    assert time.process_time() - started < 5


def test_a_full_page_is_read_in_a_few_seconds():
    import time

    from qwenchat.sandbox.ocr.reading import read

    lines = ["The quick brown fox jumps over the lazy dog and away"] * 50
    font = ImageFont.load_default(24)
    picture = Image.new("L", (1240, 1754), "white")
    for at, line in enumerate(lines):
        ImageDraw.Draw(picture).text((60, 40 + at * 34), line, "black", font)
    started = time.process_time()
    page = read(picture)
    assert time.process_time() - started < 10
    assert page.text.split("\n").count(lines[0]) > 40
