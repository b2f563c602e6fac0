"""The source of a message, and the requests behind an answer."""

from __future__ import annotations

from conversations.models import Round
from conversations.redaction import redacted
from tests.pages.reading import Page

BODY = {
    "model": "qwen-plus",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<b>Hi</b>, is sk-0123456789abcdef a key?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400}},
            ],
        },
    ],
    "api_key": "secret",
}


def asked(tree, **fields):
    answer = tree.answer(tree.ask())
    Round.objects.create(
        message=answer,
        number=1,
        path="/chat/completions",
        body=BODY,
        model="qwen-plus",
        request_id="req-1",
        finish_reason="stop",
        prompt_tokens=3,
        first_token_ms=400,
        total_ms=1900,
        **fields,
    )
    return answer


def test_the_source_is_plain_text_as_it_was_written(browser, tree):
    text = "# Tea\n\n<script>alert(1)</script> **grün** 茶\n"
    answer = tree.answer(tree.ask(), text)
    response = browser.get(f"/messages/{answer.id}/source/")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.content.decode() == text


def test_the_requests_are_a_list_with_keys_and_bytes_left_out(browser, tree):
    answer = asked(tree)
    (made,) = browser.get(f"/messages/{answer.id}/request/").json()
    assert (made["method"], made["path"]) == ("POST", "/chat/completions")
    assert made["body"]["model"] == "qwen-plus"
    assert made["request_id"] == "req-1"
    assert made["usage"]["prompt_tokens"] == 3
    assert made["timing"] == {"first_token_ms": 400, "total_ms": 1900}
    text, image = made["body"]["messages"][0]["content"]
    assert text["text"] == "<b>Hi</b>, is sk-*** a key?"
    assert image["image_url"]["url"] == "data:image/png;base64,<300 bytes>"
    assert made["body"]["api_key"] == "***"


def test_ordinary_words_are_not_taken_for_keys():
    for text in ("Bearer authentication", "ask-me-anything", "task sk-learn", "data: base64"):
        assert redacted(text) == text
    assert redacted("Bearer abcdefghijklmnopqrstuvwxyz012") == "Bearer ***"


def test_the_inspector_shows_the_request_as_text(htmx, tree):
    answer = asked(tree)
    dialog = Page(htmx.get(f"/messages/{answer.id}/request/").content.decode()).one("dialog")
    assert "<b>Hi</b>" in dialog.one("pre").text
    assert not dialog.one("pre").all("b")
    assert "first token after 0.4 s · 1.9 s in all" in dialog.words.replace("\xa0", " ")


def test_an_answer_without_requests_says_so(browser, htmx, tree):
    answer = tree.answer(tree.ask())
    assert browser.get(f"/messages/{answer.id}/request/").json() == []
    dialog = Page(htmx.get(f"/messages/{answer.id}/request/").content.decode())
    assert "Nothing was sent for this answer." in dialog.one("dialog").words
