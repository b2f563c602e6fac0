"""The page's scripts in Chromium, against a server that each test drives step by step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

RICH = """Some **bold words** and `code`, then a list:

1. one & two
2. three < four
   - nested 「重点」

| a | b |
|---|---|
| 1 | $x^2$ |

```python
def f(x):
    return x < 2 and "é😀"
```

> quoted *end*
"""


@pytest.fixture
def chat(page: Page, server: Server) -> Iterator[Page]:
    """A page that fails the test when a script throws or the policy stops something."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda line: (
            problems.append(line.text)
            if line.type == "error"
            and "WebSocket" not in line.text
            and "Failed to load" not in line.text
            else None
        ),
    )
    page.set_default_timeout(10_000)
    yield page
    assert not problems


def box(page: Page) -> Locator:
    return page.locator("#composer-text")


def prose(page: Page) -> Locator:
    return page.locator(".msg--assistant").last.locator("[data-slot=prose]")


def at(page: Page, server: Server, path: str = "/") -> None:
    """Opens a page and waits until its socket stands."""
    before = server.connections
    page.goto(server.address + path)
    server.wait(lambda: server.connections > before)
    if path != "/":
        server.wait(lambda: server.commands("open"))


def ask(page: Page, server: Server, text: str = "Hello") -> str:
    """Asks, and gives the id of the answer that now runs."""
    known = len(server.live)
    box(page).fill(text)
    box(page).press("Enter")
    server.wait(lambda: len(server.live) > known)
    expect(page.locator(f"#m-{server.answer}")).to_be_visible()
    return server.answer


# ---- asking and watching ----------------------------------------------------------------------------


def test_a_first_question_makes_a_conversation_and_streams(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server, "What is tea?")
    expect(chat).to_have_url(re.compile(r"/c/[0-9a-f-]+/$"))
    expect(chat.locator(".welcome")).to_have_count(0)
    expect(chat.locator(".msg--user")).to_have_text([re.compile("What is tea?")])
    expect(chat.locator("#announcer")).to_have_text("qwen-plus is answering")
    server.write(answer, "Tea is a ")
    expect(prose(chat)).to_have_text("Tea is a")
    server.write(answer, "drink.")
    expect(prose(chat)).to_have_text("Tea is a drink.")
    server.wait(
        lambda: any(one["message"] == answer and one["seq"] == 2 for one in server.commands("seen"))
    )
    server.end(answer)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")
    expect(chat.locator("#announcer")).to_have_text("Answer complete, 4 words")
    expect(chat.locator(".prose__tail")).to_have_count(0)
    expect(chat.locator("#rename-link")).to_be_visible()


def test_cut_tails_show_the_same_as_the_whole_rendering(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    for start in range(0, len(RICH), 3):
        server.write(answer, RICH[start : start + 3])
    assert server.drops > 20
    shown = """id => {
        const copy = document.getElementById(id).querySelector('[data-slot=prose]').cloneNode(true);
        copy.querySelectorAll('[data-made]').forEach(one => one.remove());
        copy.querySelectorAll('[data-slot=tail]').forEach(one => one.replaceWith(...one.childNodes));
        return copy.innerHTML.replace(/>\\s+</g, '><').trim();
    }"""
    expect(prose(chat).locator("blockquote em")).to_have_text("end")
    before = chat.evaluate(shown, f"m-{answer}")
    chat.evaluate("() => window.kept = document.querySelector('.prose table')")
    server.end(answer)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")
    after = chat.evaluate(shown, f"m-{answer}")
    assert before == after
    # What was shown already is still the same element: selections and scrolled code stay.
    assert chat.evaluate("() => window.kept.isConnected")
    fresh = """html => {
        const template = document.createElement('template');
        template.innerHTML = html;
        return template.innerHTML.replace(/>\\s+</g, '><').trim();
    }"""
    assert after == chat.evaluate(fresh, server.messages[answer].html)


def test_thinking_opens_counts_and_folds_away(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    step = chat.locator(f"#m-{answer} [data-step=thinking] details")
    server.think(answer, "First this. ")
    expect(step).to_have_attribute("open", "")
    expect(step.locator("summary")).to_contain_text("Thinking")
    server.think(answer, "Then that.")
    expect(step.locator("[data-slot=reasoning]")).to_have_text("First this. Then that.")
    server.write(answer, "Done.")
    expect(step).not_to_have_attribute("open", "")
    expect(step.locator("summary")).to_contain_text("Thought for")


def test_a_selection_in_the_answer_survives_its_end(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "First paragraph.\n\nSecond one")
    expect(prose(chat)).to_contain_text("Second one")
    chat.evaluate("() => getSelection().selectAllChildren(document.querySelector('.prose p'))")
    server.write(answer, " goes on.")
    server.end(answer)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")
    assert chat.evaluate("() => getSelection().toString()").strip() == "First paragraph."


# ---- the connection ---------------------------------------------------------------------------------


def test_a_lost_connection_resumes_without_loss_or_doubling(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "One. ")
    expect(prose(chat)).to_have_text("One.")
    server.disconnect(accepting=False)
    server.wait(lambda: not server.sockets)
    server.write(answer, "Two. ")
    expect(chat.locator("#banner-offline")).to_be_visible()
    expect(chat.locator("#announcer")).to_have_text("Connection lost. Reconnecting…")
    server.accept()
    chat.locator("[data-action=reconnect]").click()
    expect(prose(chat)).to_have_text("One. Two.")
    expect(chat.locator("#banner-offline")).to_be_hidden()
    server.write(answer, "Three.")
    server.end(answer)
    expect(prose(chat)).to_have_text("One. Two. Three.")
    expect(chat.locator(".msg")).to_have_count(2)


def test_an_answer_that_ended_meanwhile_is_shown_whole(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "One. ")
    expect(prose(chat)).to_have_text("One.")
    server.disconnect(accepting=False)
    server.wait(lambda: not server.sockets)
    server.write(answer, "Two.")
    server.end(answer)
    server.accept()
    expect(prose(chat)).to_have_text("One. Two.")
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")


def test_a_page_that_was_too_slow_reconnects_and_resumes(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "One. ")
    server.disconnect(code=4408)
    server.wait(lambda: server.commands("open") and server.sockets)
    server.write(answer, "Two.")
    expect(prose(chat)).to_have_text("One. Two.")


def test_a_lost_acknowledgement_is_asked_for_again_and_sends_once(
    chat: Page, server: Server
) -> None:
    at(chat, server)
    server.lost_acks = 1
    box(chat).fill("Only once")
    box(chat).press("Enter")
    server.wait(lambda: len(server.commands("send")) == 2)
    first, second = server.commands("send")
    assert first == second
    expect(chat.locator(".msg--user")).to_have_count(1)
    expect(chat.locator(".msg--assistant")).to_have_count(1)
    expect(box(chat)).to_have_value("")


def test_a_send_survives_a_reload_before_its_acknowledgement(chat: Page, server: Server) -> None:
    at(chat, server)
    server.disconnect(accepting=False)
    server.wait(lambda: not server.sockets)
    box(chat).fill("Kept")
    box(chat).press("Enter")
    expect(chat.locator(".msg[data-status=sending] .bubble")).to_have_text("Kept")
    chat.reload()
    expect(chat.locator(".msg[data-status=sending] .bubble")).to_have_text("Kept")
    expect(box(chat)).to_have_value("")
    server.accept()
    server.wait(lambda: server.commands("send"))
    expect(chat.locator(".msg--user")).to_have_count(1)
    expect(chat.locator(".msg[data-status=sending]")).to_have_count(0)
    assert len(server.messages) == 2


def test_a_silent_connection_is_given_up(chat: Page, server: Server) -> None:
    chat.clock.install()
    at(chat, server)
    chat.clock.fast_forward(26_000)
    server.wait(lambda: server.commands("ping"))
    server.mute = True
    chat.clock.fast_forward(26_000)
    server.wait(lambda: len(server.commands("ping")) == 2)
    server.mute = False
    chat.clock.fast_forward(11_000)
    chat.clock.fast_forward(2_000)
    server.wait(lambda: server.connections == 2)


def test_signed_out_keeps_the_draft_and_offers_the_way_back(chat: Page, server: Server) -> None:
    at(chat, server)
    box(chat).fill("Not sent yet")
    server.tell({"type": "error", "code": "unauthenticated", "message": "Signed out"})
    link = chat.locator("#toasts a")
    expect(link).to_have_attribute("href", "/accounts/login/?next=%2F")
    expect(box(chat)).to_have_value("Not sent yet")
    assert server.connections == 1


def test_another_protocol_asks_for_a_reload(chat: Page, server: Server) -> None:
    server.greeting = {"type": "hello", "protocol": 2, "build": "later"}
    at(chat, server)
    expect(chat.locator("#toasts")).to_contain_text("A new version of this page is ready.")


# ---- the composer -----------------------------------------------------------------------------------


def test_enter_while_composing_does_not_send(chat: Page, server: Server) -> None:
    at(chat, server)
    box(chat).focus()
    cdp = chat.context.new_cdp_session(chat)
    cdp.send("Input.imeSetComposition", {"text": "nihao", "selectionStart": 5, "selectionEnd": 5})
    expect(box(chat)).to_have_value("nihao")
    press = """([more, after]) => {
        const box = document.getElementById('composer-text');
        if (after) box.dispatchEvent(new CompositionEvent('compositionend', {bubbles: true}));
        const enter = {key: 'Enter', bubbles: true, cancelable: true, ...more};
        return box.dispatchEvent(new KeyboardEvent('keydown', enter));
    }"""
    assert chat.evaluate(press, [{"isComposing": True}, False])
    assert chat.evaluate(press, [{"keyCode": 229}, False])
    cdp.send("Input.insertText", {"text": "你好"})
    assert chat.evaluate(press, [{}, True])  # Safari: the composition ends before its Enter is told
    expect(box(chat)).to_have_value("你好")
    assert not server.commands("send")
    chat.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 60))")
    box(chat).press("Enter")
    server.wait(lambda: server.commands("send"))
    assert server.commands("send")[0]["text"] == "你好"


def test_shift_enter_breaks_the_line(chat: Page, server: Server) -> None:
    at(chat, server)
    box(chat).press_sequentially("a")
    box(chat).press("Shift+Enter")
    box(chat).press_sequentially("b")
    expect(box(chat)).to_have_value("a\nb")


def test_a_double_click_sends_once(chat: Page, server: Server) -> None:
    at(chat, server)
    box(chat).fill("Once")
    chat.locator("[data-action=send]").dblclick(force=True)
    server.wait(lambda: server.commands("send"))
    expect(chat.locator(".msg--assistant")).to_have_count(1)
    assert len(server.commands("send")) == 1


def test_a_refused_text_comes_back_with_the_reason(chat: Page, server: Server) -> None:
    at(chat, server)
    server.refusals.append({"code": "rate_limited", "message": "Too fast.", "retry_after": 9})
    box(chat).fill("Hello")
    box(chat).press("Enter")
    expect(box(chat)).to_have_value("Hello")
    expect(chat.locator("#composer-error")).to_contain_text("Too fast. You can try again in")
    expect(chat.locator(".msg")).to_have_count(0)
    box(chat).press("Enter")
    server.wait(lambda: len(server.commands("send")) == 2)
    first, second = server.commands("send")
    assert first["request"] != second["request"]
    expect(chat.locator("#composer-error")).to_be_hidden()


def test_text_sent_while_an_answer_runs_waits_its_turn(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    box(chat).fill("And then?")
    box(chat).press("Enter")
    expect(chat.locator(".queue [data-slot=queued]")).to_have_text("And then?")
    expect(box(chat)).to_have_value("")
    chat.locator("[data-action=edit-queued]").click()
    expect(box(chat)).to_have_value("And then?")
    box(chat).press("Enter")
    assert len(server.commands("send")) == 1
    server.end(answer)
    server.wait(lambda: len(server.commands("send")) == 2)
    assert server.commands("send")[1]["text"] == "And then?"
    expect(chat.locator(".queue")).to_be_hidden()
    expect(chat.locator(".msg")).to_have_count(4)


def test_the_queue_survives_a_reload(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    box(chat).fill("Later")
    box(chat).press("Enter")
    expect(chat.locator(".queue")).to_be_visible()
    chat.reload()
    expect(chat.locator(".queue [data-slot=queued]")).to_have_text("Later")
    server.wait(lambda: len(server.commands("open")) == 1)
    server.end(answer)
    server.wait(lambda: len(server.commands("send")) == 2)
    assert server.commands("send")[1]["text"] == "Later"


def test_a_queued_text_comes_back_when_the_answer_failed(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    box(chat).fill("Later")
    box(chat).press("Enter")
    expect(chat.locator(".queue")).to_be_visible()
    server.end(answer, "failed", {"code": "upstream_auth", "message": "The key was refused."})
    expect(box(chat)).to_have_value("Later")
    expect(chat.locator(".queue")).to_be_hidden()
    assert len(server.commands("send")) == 1


def test_busy_in_another_tab_queues_the_text(chat: Page, server: Server) -> None:
    of = server.conversation()
    at(chat, server, f"/c/{of}/")
    server.refusals.append({"code": "busy", "message": "Still being answered."})
    box(chat).fill("Me too")
    box(chat).press("Enter")
    expect(chat.locator(".queue [data-slot=queued]")).to_have_text("Me too")
    expect(chat.locator(".msg[data-status=sending]")).to_have_count(0)
    found = server.conversations[of]
    question = server.add(found, "From the other tab", "user")
    answer = server.add(found, "", "assistant", parent=question, status="streaming")
    server.message_event(question)
    server.message_event(answer)
    expect(chat.locator(f"#m-{answer.id}")).to_be_visible()
    assert len(server.commands("send")) == 1
    server.end(str(answer.id))
    server.wait(lambda: len(server.commands("send")) == 2)
    expect(chat.locator(".msg--user .bubble").last).to_have_text("Me too")


def test_stop_before_the_acknowledgement_stops_what_then_runs(chat: Page, server: Server) -> None:
    at(chat, server)
    server.disconnect(accepting=False)
    server.wait(lambda: not server.sockets)
    box(chat).fill("Never mind")
    box(chat).press("Enter")
    chat.locator("form.composer [data-action=stop]").click()
    server.accept()
    server.wait(lambda: server.commands("stop"))
    assert server.commands("stop")[0]["message"] == server.answer


def test_a_frame_too_large_is_refused_and_not_sent_for_ever(chat: Page, server: Server) -> None:
    at(chat, server)
    server.lost_acks = 1
    server.lost_code = 1009
    box(chat).fill("Large")
    box(chat).press("Enter")
    expect(box(chat)).to_have_value("Large")
    expect(chat.locator("#composer-error")).to_have_text("This text is too long to send.")
    server.wait(lambda: server.connections == 2)
    assert len(server.commands("send")) == 1


def test_several_models_answer_side_by_side(chat: Page, server: Server) -> None:
    of = server.conversation()
    at(chat, server, f"/c/{of}/")
    options = {"models": ["qwen-plus", "qwen-flash"]}
    command = {"type": "send", "conversation": of, "parent": None, "text": "Hi", "options": options}
    for message in server.carry_out(command):
        server.message_event(message)
    expect(chat.locator(".lane")).to_have_count(2)
    first, second = list(server.live)[-2:]
    server.write(first, "One.")
    server.write(second, "Two.")
    expect(chat.locator(f"#m-{first} [data-slot=prose]")).to_have_text("One.")
    expect(chat.locator(f"#m-{second} [data-slot=prose]")).to_have_text("Two.")


def test_escape_stops_the_answer(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "So far")
    box(chat).press("Escape")
    server.wait(lambda: server.commands("stop"))
    assert server.commands("stop")[0]["message"] == answer
    server.end(answer, "stopped")
    expect(chat.locator(f"#m-{answer} [data-action=continue]")).to_be_visible()
    expect(chat.locator("#announcer")).to_have_text("Answer stopped. What came so far is kept.")


def test_drafts_survive_a_reload_each_in_its_conversation(chat: Page, server: Server) -> None:
    one, two = server.conversation(), server.conversation()
    at(chat, server, f"/c/{one}/")
    box(chat).fill("For the first")
    at(chat, server, f"/c/{two}/")
    expect(box(chat)).to_have_value("")
    box(chat).fill("For the second")
    chat.reload()
    expect(box(chat)).to_have_value("For the second")
    at(chat, server, f"/c/{one}/")
    expect(box(chat)).to_have_value("For the first")
    box(chat).press("Enter")
    expect(chat.locator(".msg")).to_have_count(4)
    chat.reload()
    expect(box(chat)).to_have_value("")


def test_options_and_model_go_along_and_are_remembered(chat: Page, server: Server) -> None:
    at(chat, server)
    chat.evaluate("() => document.querySelector('#o-temperature').value = '0.3'")
    chat.locator("#model-button").click()
    chat.locator("#model-pop [type=search]").fill("flash")
    chat.locator("#model-pop .model:visible").first.click()
    expect(chat.locator("#model-pop")).to_be_hidden()
    name = chat.locator("#model-button [data-slot=model-name]").inner_text()
    ask(chat, server)
    sent = server.commands("send")[0]["options"]
    assert sent["temperature"] == 0.3
    assert sent["model"] == name
    chat.reload()
    expect(chat.locator("#model-button [data-slot=model-name]")).to_have_text(name)
    expect(chat.locator("#o-temperature")).to_have_value("0.3")


# ---- scrolling --------------------------------------------------------------------------------------


def distance(page: Page) -> float:
    script = """() => {
        const scroller = document.getElementById('transcript');
        return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    }"""
    result: float = page.evaluate(script)
    return result


def test_the_end_is_followed_until_the_reader_scrolls_up(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    for number in range(30):
        server.write(answer, f"Paragraph {number}.\n\n")
    expect(prose(chat)).to_contain_text("Paragraph 29.")
    assert distance(chat) < 2
    jump = chat.locator("[data-action=jump]")
    expect(jump).to_be_hidden()
    chat.mouse.move(600, 300)
    chat.mouse.wheel(0, -400)
    expect(jump).to_be_visible()
    expect(jump).not_to_have_attribute("data-new", "")
    chat.wait_for_function("() => new Promise(done => setTimeout(() => done(true), 300))")
    top = chat.evaluate("() => document.getElementById('transcript').scrollTop")
    for number in range(30, 40):
        server.write(answer, f"Paragraph {number}.\n\n")
    expect(prose(chat)).to_contain_text("Paragraph 39.")
    assert chat.evaluate("() => document.getElementById('transcript').scrollTop") == top
    expect(jump).to_have_attribute("data-new", "")
    server.end(answer)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")
    assert chat.evaluate("() => document.getElementById('transcript').scrollTop") == top
    jump.click()
    expect(jump).to_be_hidden()
    assert distance(chat) < 2


def test_a_selection_holds_the_scroll(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    for number in range(30):
        server.write(answer, f"Paragraph {number}.\n\n")
    expect(prose(chat)).to_contain_text("Paragraph 29.")
    chat.evaluate(
        "() => getSelection().selectAllChildren(document.querySelector('.prose p:nth-child(28)'))"
    )
    top = chat.evaluate("() => document.getElementById('transcript').scrollTop")
    server.write(answer, "More.\n\n" * 10)
    expect(prose(chat)).to_contain_text("More.")
    assert chat.evaluate("() => document.getElementById('transcript').scrollTop") == top


def test_older_messages_come_without_moving_what_is_read(chat: Page, server: Server) -> None:
    of = server.conversation(turns=40, text="A paragraph.\n\nAnother.\n\nA third.")
    at(chat, server, f"/c/{of}/")
    expect(chat.locator(".msg")).to_have_count(20)
    assert distance(chat) < 2
    chat.evaluate("() => document.getElementById('transcript').scrollTop = 300")
    place = """() => {
        const edge = document.getElementById('transcript').getBoundingClientRect().top;
        const below = one => one.getBoundingClientRect().bottom > edge;
        const shown = [...document.querySelectorAll('.msg')].find(below);
        return [shown.id, Math.round(shown.getBoundingClientRect().top)];
    }"""
    before = chat.evaluate(place)
    expect(chat.locator(".msg")).to_have_count(40)
    id_, top = chat.evaluate(place)
    assert id_ == before[0]
    assert abs(top - before[1]) <= 2


# ---- messages ---------------------------------------------------------------------------------------


def test_copy_gives_the_markdown_source(chat: Page, server: Server) -> None:
    chat.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.address)
    of = server.conversation(text="Some **bold** words.\n\n```python\nprint(1)\n```\n")
    at(chat, server, f"/c/{of}/")
    button = chat.locator(".msg--assistant [data-action=copy]")
    button.click()
    expect(button).to_have_attribute("aria-label", "Copied")
    expect(chat.locator("#announcer")).to_have_text("Copied")
    copied = chat.evaluate("() => navigator.clipboard.readText()")
    assert copied == "Some **bold** words.\n\n```python\nprint(1)\n```\n"
    chat.locator("[data-action=copy-code]").click()
    expect(chat.locator("[data-action=copy-code]")).to_have_text("Copied")
    assert chat.evaluate("() => navigator.clipboard.readText()") == "print(1)"


def test_copy_works_without_the_clipboard_interface(chat: Page, server: Server) -> None:
    chat.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});"
        "delete Crypto.prototype.randomUUID;"
        "document.addEventListener('copy', () => window.copied = getSelection().toString()"
        " || document.activeElement.value)"
    )
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "Plain *text*")
    server.end(answer)
    chat.locator(".msg--assistant [data-action=copy]").click()
    expect(chat.locator(".msg--assistant [data-action=copy]")).to_have_attribute(
        "aria-label", "Copied"
    )
    assert chat.evaluate("() => window.copied") == "Plain *text*"


def test_an_edited_question_becomes_another_version(chat: Page, server: Server) -> None:
    of = server.conversation(turns=2)
    at(chat, server, f"/c/{of}/")
    first = chat.locator(".msg--user").first
    first.hover()
    first.locator("[data-action=edit]").click()
    field = first.locator("textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value("Question 1")
    field.press("Escape")
    expect(first.locator("[data-action=edit]")).to_be_focused()
    first.locator("[data-action=edit]").click()
    field.fill("Question 1, again")
    field.press("Enter")
    server.wait(lambda: server.commands("send"))
    assert server.commands("send")[0]["parent"] == first_id(server, "Question 1")
    expect(chat.locator(".msg")).to_have_count(2)
    expect(chat.locator(".msg--user .bubble")).to_have_text("Question 1, again")
    server.write(server.answer, "Another answer.")
    server.end(server.answer)
    chat.locator(".msg--user [data-action=branch]").click()
    expect(chat.locator(".msg--user .bubble").first).to_have_text("Question 1")
    expect(chat.locator(".msg")).to_have_count(4)
    expect(chat.locator(".msg--user").first.locator("[data-action=branch]")).to_be_focused()


def first_id(server: Server, text: str) -> str:
    return next(id_ for id_, one in server.messages.items() if one.text == text)


def test_regenerate_and_continue(chat: Page, server: Server) -> None:
    of = server.conversation()
    at(chat, server, f"/c/{of}/")
    chat.locator(".msg--assistant [data-action=regenerate]").click()
    server.wait(lambda: server.live)
    answer = server.answer
    expect(chat.locator(f"#m-{answer}")).to_be_visible()
    expect(chat.locator(".msg--assistant")).to_have_count(1)
    server.write(answer, "Half a sen")
    server.end(answer, "interrupted")
    chat.locator("[data-action=continue]").click()
    server.wait(lambda: server.live)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("aria-busy", "true")
    expect(chat.locator(f"#m-{answer} .notice")).to_have_count(0)
    server.write(answer, "tence.")
    server.end(answer)
    expect(prose(chat)).to_have_text("Half a sentence.")


def test_a_failed_answer_says_why_and_can_be_retried(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    error = {
        "code": "upstream_unavailable",
        "message": "The model service is away.",
        "retryable": True,
    }
    server.end(answer, "failed", error)
    expect(chat.locator("#announcer")).to_have_text("The model service is away.")
    chat.locator("[data-action=retry]").click()
    server.wait(lambda: server.commands("regenerate"))
    assert server.commands("regenerate")[0]["message"] == answer
    expect(chat.locator(".msg--assistant")).to_have_count(1)


def test_code_blocks_get_buttons_also_while_they_are_written(chat: Page, server: Server) -> None:
    at(chat, server)
    answer = ask(chat, server)
    server.write(answer, "```python\nx = 1\n")
    wrap = chat.locator(".code [data-action=wrap-code]")
    expect(wrap).to_have_count(1)
    wrap.click()
    server.write(answer, "y = 2\n")
    server.write(answer, "```\n")
    server.end(answer)
    expect(chat.locator(f"#m-{answer}")).to_have_attribute("data-status", "complete")
    expect(wrap).to_have_count(1)
    expect(chat.locator(".code [data-action=copy-code]")).to_have_count(1)


# ---- other tabs, the list ---------------------------------------------------------------------------


def test_another_tabs_messages_appear_in_place(chat: Page, server: Server) -> None:
    of = server.conversation()
    at(chat, server, f"/c/{of}/")
    found = server.conversations[of]
    question = server.add(found, "From the other tab", "user")
    answer = server.add(found, "", "assistant", parent=question, status="streaming")
    server.message_event(question)
    server.message_event(answer)
    server.write(str(answer.id), "Seen in both.")
    expect(prose(chat)).to_have_text("Seen in both.")
    expect(chat.locator(".msg")).to_have_count(4)
    expect(chat.locator("form.composer [data-action=stop]")).to_be_visible()


def test_a_page_that_fell_behind_fetches_the_branch(chat: Page, server: Server) -> None:
    of = server.conversation()
    at(chat, server, f"/c/{of}/")
    server.disconnect(accepting=False)
    server.wait(lambda: not server.sockets)
    found = server.conversations[of]
    question = server.add(found, "While you were away", "user")
    answer = server.add(found, "", "assistant", parent=question, status="streaming")
    server.write(str(answer.id), "Running.")
    server.accept()
    expect(chat.locator(".msg")).to_have_count(4)
    expect(prose(chat)).to_have_text("Running.")
    server.write(str(answer.id), " On.")
    expect(prose(chat)).to_have_text("Running. On.")


def told(**conversation: Any) -> dict[str, Any]:
    return {"type": "conversation", "conversation": conversation}


def test_the_list_follows_titles_and_what_runs(chat: Page, server: Server) -> None:
    one, two = server.conversation(title="First"), server.conversation(title="Second")
    at(chat, server, f"/c/{one}/")
    row = chat.locator(f"#row-{two}")
    server.tell(told(id=two, title="Renamed", generating=True))
    expect(row.locator("[data-slot=row-title]")).to_have_text("Renamed")
    expect(row.locator(".spinner")).to_be_visible()
    server.tell(told(id=two, title="Renamed", generating=False))
    expect(row.locator(".spinner")).to_be_hidden()
    expect(row.locator(".dot")).to_be_visible()
    expect(row.locator("[data-slot=row-note]")).to_have_text(", new answer")
    server.tell(told(id=one, title="Mine"))
    expect(chat.locator("#title")).to_have_text("Mine")
    server.tell(told(id=two, deleted=True))
    expect(row).to_have_count(0)
    three = server.conversation(title="Third")
    server.tell(told(id=three, title="Third", generating=True))
    expect(chat.locator(f"#row-{three}")).to_be_visible()


# ---- keyboard ---------------------------------------------------------------------------------------


def test_everything_is_reached_by_keyboard(chat: Page, server: Server) -> None:
    of = server.conversation()
    at(chat, server, f"/c/{of}/")
    chat.keyboard.press("Control+k")
    expect(chat.locator("#chat-search")).to_be_focused()
    chat.keyboard.press("Control+/")
    expect(chat.locator("#shortcuts")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.locator("#chat-search")).to_be_focused()
    chat.keyboard.press("Control+b")
    expect(chat.locator("#sidebar")).to_be_hidden()
    expect(chat.locator(".show-sidebar")).to_be_focused()
    chat.keyboard.press("Control+b")
    expect(chat.locator("#sidebar")).to_be_visible()
    chat.locator(".user-chip").focus()
    chat.keyboard.press("Enter")
    items = chat.locator("#user-menu [role^=menuitem]")
    expect(items.first).to_be_focused()
    chat.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    chat.keyboard.press("Escape")
    expect(chat.locator(".user-chip")).to_be_focused()
    chat.keyboard.press("Alt+e")
    expect(chat.locator(".msg--user textarea")).to_be_focused()
    chat.keyboard.press("Escape")
    chat.keyboard.press("Alt+ArrowDown")
    expect(chat.locator(".msg--assistant")).to_be_focused()
    chat.keyboard.press("Alt+n")
    expect(chat).to_have_url(server.address + "/")


def test_the_theme_changes_at_once_and_is_kept(chat: Page, server: Server) -> None:
    at(chat, server)
    chat.locator(".user-chip").click()
    chat.locator("[data-action=theme][data-value=dark]").click()
    expect(chat.locator("html")).to_have_attribute("data-theme", "dark")
    cookies: dict[str, Any] = {one["name"]: one["value"] for one in chat.context.cookies()}
    assert cookies["theme"] == "dark"
    assert cookies["timezone"]
