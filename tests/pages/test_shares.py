"""Links to a conversation: what stands behind one, who may read it, and that nothing else ever does."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from attachments.models import Attachment
from conversations.models import Message, MessageAttachment, Round, ToolCall
from conversations.sharing import links
from conversations.sharing.frozen import Choice
from conversations.sharing.models import Share
from qwenchat import markup
from qwenchat.limits import Limits
from qwenchat.logs import masked
from qwenchat.refusals import Refusal
from tests.attachments.making import encoded, film, pdf, picture
from tests.pages.conftest import Tree, signed_in
from tests.pages.reading import Page

EVIL = "<img src=x onerror=alert(1)>"
SOURCES = [
    {"index": 1, "title": "Tea of the lake", "url": "https://tea.example/", "site": "Tea"},
    {"index": 2, "title": "A thing that runs", "url": "javascript:alert(1)", "site": ""},
]


@pytest.fixture(autouse=True)
def _places(settings, tmp_path):
    settings.QWENCHAT_DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.QWENCHAT_SHARES = "anyone"


@pytest.fixture
def passer():
    """Somebody with the link and no account."""
    return Client()


def shared(tree, **choice):
    tree.conversation.refresh_from_db()
    return links.make(tree.conversation, tree.conversation.leaf_id, Choice(**choice))


def text_behind(share, reader=None):
    response = (reader or Client()).get(share.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def behind(share, reader=None):
    return Page(text_behind(share, reader))


def post(browser, tree, **fields):
    return browser.post(f"{tree.url}share/", fields)


def bring(browser, name, content):
    file = SimpleUploadedFile(name, content, "application/octet-stream")
    response = browser.post("/attachments/", {"file": file})
    assert response.status_code == 201, response.content
    return Attachment.objects.get(id=response.json()["id"])


def attach(message, *attachments):
    for position, attachment in enumerate(attachments):
        MessageAttachment.objects.create(message=message, attachment=attachment, position=position)


def called(answer, position=0, **fields):
    fields = {
        "name": "current_weather",
        "arguments": '{"city": "Hangzhou"}',
        "status": "done",
    } | fields
    return ToolCall.objects.create(
        message=answer, round=1, position=position, call_id=f"call_{position}", **fields
    )


# ---- what it shows ----------------------------------------------------------------------------------


def test_the_branch_stands_there_with_models_and_no_script(tree):
    question = tree.ask("Which *tea*?")
    tree.answer(question, "Another version.")
    tree.answer(question, f"**Green** {EVIL}", model="qwen-max")
    page = behind(shared(tree))
    assert page.one("h1").text == "Tea"
    assert page.one("div", class_="bubble").text == "Which *tea*?"
    assert page.one("strong").text == "Green"
    assert page.one("h2", class_="msg__who").text == "qwen-max"
    assert "Another version" not in page.root.text
    assert not page.all("script")
    assert not page.all("form")
    assert not page.all("button")
    assert not page.all("img")
    assert not [e for e in page.all() if any(name.startswith("on") for name in e.attributes)]


def test_marks_lead_to_sources_and_none_runs(tree):
    tree.answer(
        tree.ask(), "Tea [ref_1], [ref_2] and [ref_9].", sources=SOURCES, options={"search": True}
    )
    page = behind(shared(tree))
    marks = page.all("a", class_="cite")
    assert [mark.attributes["href"] for mark in marks] == ["#s-2-1", "#s-2-2"]
    card = page.one(id_="s-2-1")
    assert (card.tag, card.attributes["href"]) == ("a", "https://tea.example/")
    assert "noreferrer" in card.attributes["rel"]
    assert page.one(id_="s-2-2").tag == "div"
    assert "Searched the web, 2 sources" in page.root.words
    assert "[ref_9]" in page.one("div", class_="prose").text


def test_calls_are_named_and_no_more_unless_asked(tree):
    answer = tree.answer(tree.ask())
    called(answer, result='{"high": 19}', origin="mcp.internal")
    called(answer, 1, name="fetch_page", status="failed", code="timeout", result="English")
    called(answer, 2, name="lend", edited={"title": "Mine"}, result="lent")
    page = behind(shared(tree))
    trail = page.one("ol", class_="trail")
    assert [c.text for c in trail.all("code")] == ["current_weather", "fetch_page", "lend"]
    assert "Done" in trail.text
    assert "did not answer in time" in trail.text
    assert not trail.all("pre")
    for hidden in ("Hangzhou", "19", "English", "mcp.internal", "Mine", "lent"):
        assert hidden not in trail.text.replace("lend", "")
    details = behind(shared(tree, details=True)).one("ol", class_="trail").text
    assert "Hangzhou" in details
    assert '"high": 19' in details
    assert '"title": "Mine"' in details
    assert "mcp.internal" not in details
    assert "English" not in details


def test_code_that_the_service_ran_is_shown_with_the_details(tree):
    answer = tree.answer(tree.ask())
    called(answer, name="code_interpreter", arguments='{"code": "1 + 1"}', by_service=True)
    plain = behind(shared(tree)).one("ol", class_="trail").text
    assert "code_interpreter" in plain
    assert "told neither" not in plain
    assert "1 + 1" not in plain
    assert "1 + 1" in behind(shared(tree, details=True)).one("ol", class_="trail").text


def test_a_refused_call_does_not_speak_to_its_reader(tree):
    called(tree.answer(tree.ask()), status="refused", code="refused", decision="refused")
    trail = behind(shared(tree)).one("ol", class_="trail")
    assert "Refused" in trail.text
    assert "You" not in trail.text


def test_thinking_is_there_only_if_asked(tree):
    tree.answer(tree.ask(), reasoning="Let me think of leaves.", reasoning_ms=8000)
    assert "leaves" not in text_behind(shared(tree))
    step = behind(shared(tree, thinking=True)).one("details", class_="step")
    assert step.one("summary").words == "Thought for 8 s"
    assert step.one("div", class_="thought").text == "Let me think of leaves."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "stopped"}, "This answer was stopped."),
        ({"status": "interrupted"}, "This answer was interrupted."),
        ({"finish_reason": "length"}, "The answer reached its longest length."),
        ({"status": "failed", "text": "", "error_code": "upstream_arrears"}, "No answer came."),
        ({"status": "failed", "error_code": "upstream_arrears"}, "This answer was interrupted."),
    ],
)
def test_an_answer_that_is_not_whole_says_so_and_not_why(tree, fields, words):
    tree.answer(tree.ask(), **fields)
    page = behind(shared(tree))
    assert page.one("p", class_="notice").text == words
    assert "credit" not in page.root.text


SCHEMA = {
    "type": "json_schema",
    "json_schema": {"schema": {"type": "object", "required": ["private-field"]}},
}


@pytest.mark.parametrize(
    ("format_", "text", "verdict"),
    [
        ({"type": "json_object"}, '{"tea": ["green"]}', "Valid JSON"),
        (SCHEMA, '{"private-field": 1, "tea": 2}', "Fits the schema"),
        (SCHEMA, '{"tea": 2}', "Valid JSON that does not fit the schema"),
        (SCHEMA, '{"tea": ', "This is not valid JSON."),
    ],
)
def test_json_is_a_tree_with_the_verdict_of_then_and_without_the_schema(
    tree, format_, text, verdict
):
    tree.answer(tree.ask(), text, options={"response_format": format_})
    share = shared(tree)
    structure = behind(share).one("div", class_="structured")
    assert structure.one("p", class_="structured__verdict").words == verdict
    assert bool(structure.all("ul", class_="json")) == text.endswith("}")
    assert not structure.all("button")
    if "private-field" not in text:
        assert "private-field" not in text_behind(share)
        assert "private-field" not in json.dumps(share.frozen)


def test_answers_of_the_sandbox_say_that_they_are(tree, settings):
    tree.answer(tree.ask())
    assert "sandbox" not in text_behind(shared(tree))
    settings.SANDBOX = True
    share = shared(tree)
    settings.SANDBOX = False  # a key came later; the answers stay what they were
    assert "offline sandbox" in text_behind(share)


def test_the_frame_is_in_the_readers_language(tree):
    tree.answer(tree.ask("Which tea?"), status="stopped")
    share = shared(tree)
    reader = Client(headers={"Accept-Language": "zh-CN"})
    page = behind(share, reader)
    assert page.one("html").attributes["lang"] == "zh-Hans"
    assert "Which tea?" in page.root.text


# ---- what it never shows ----------------------------------------------------------------------------


def test_nothing_that_belongs_to_its_owner_is_in_it(alice, browser, passer):
    alice.first_name, alice.last_name = "Lin", "Xia"
    alice.email = "lin.xia@example.org"
    alice.save()
    tree = Tree(alice, "Tea", system="You are a secret-system prompt.", tools=["secret-tool"])
    question = tree.ask("Which tea?")
    tree.answer(question, "secret-branch")
    secret = {
        "reasoning": "secret-reasoning",
        "error_about": "secret-about",
        "options": {"system": "secret-system", "stop": ["secret-stop"], "temperature": 0.123},
        "prompt_tokens": 77123,
        "completion_tokens": 88123,
        "total_ms": 99123,
        "worker": "secret-host/1",
    }
    answer = tree.answer(question, "Green.", **secret)
    called(
        answer,
        arguments='{"q": "secret-argument"}',
        result="secret-result",
        origin="secret-origin",
        title="secret-title",
    )
    Round.objects.create(
        message=answer,
        number=1,
        path="/secret-path",
        body={"messages": "secret-body"},
        request_id="secret-request-id",
        error_detail="secret-detail",
    )
    attach(question, bring(browser, "lake.png", encoded(picture(), "PNG")))
    share = shared(tree)
    tree.answer(tree.ask("secret-later", after=answer), "secret-afterwards")
    response = passer.get(share.get_absolute_url())
    text = response.content.decode() + str(response.headers)
    assert "lake.png" in text
    found = [
        word
        for word in ("secret", "alice", "Lin", "Xia", "example.org", "0.123", "77", "88,", "99")
        if word in text.replace("text-wrap", "")
    ]
    assert found == []
    ids = [tree.conversation.id, alice.pk, share.id, *Message.objects.values_list("id", flat=True)]
    ids += Attachment.objects.values_list("id", flat=True)
    assert not [one for one in ids if len(str(one)) > 9 and str(one) in text]
    assert "secret" not in json.dumps(share.frozen)
    assert set(response.cookies) == set()


# ---- it is frozen -----------------------------------------------------------------------------------


def test_nothing_that_comes_later_changes_it(tree, browser):
    question = tree.ask()
    answer = tree.answer(question, "Green, cut", status="interrupted", sources=SOURCES)
    call = called(answer)
    share = shared(tree, thinking=True, details=True)
    before = text_behind(share)

    tree.answer(tree.ask("More?", after=answer), "More.")
    tree.answer(question, "Another answer.")
    edited = tree.ask("Which coffee?")
    tree.end_in(tree.answer(edited, "Brown."))
    Message.objects.filter(id=answer.id).update(
        text="Green, cut and continued",
        html="<p>newly drawn</p>",
        render_version=0,
        status="complete",
        reasoning="late",
        model="other",
        sources=[],
    )
    Message.objects.filter(id=question.id).update(text="Rewritten")
    ToolCall.objects.filter(id=call.id).update(status="failed", result="late")

    browser.post(f"{tree.url}rename/", {"title": "Renamed"})

    assert text_behind(share) == before
    assert behind(shared(tree)).one("h1").text == "Renamed"


def test_what_the_allow_list_forbids_today_is_not_shown_from_yesterday(tree):
    tree.answer(tree.ask())
    share = shared(tree)
    share.frozen["messages"][1]["html"] = f"<p>old</p>{EVIL}<script>alert(1)</script>"
    share.save()
    page = behind(share)
    assert page.one("div", class_="prose").text.strip().startswith("old")
    assert not page.all("script")
    assert not page.all("img")


def test_cleaning_again_changes_nothing_that_was_drawn():
    text = "# A\n\n- [x] b\n\n| a | b |\n|--:|---|\n| 1 | $x^2$ |\n\n```python\nprint('<b>')\n```\n\n<https://a.example/?b&c>"
    from qwenchat.markup.sanitise import clean

    drawn = markup.render(text)
    assert clean(drawn) == drawn


def test_ended_expired_deleted_or_locked_out_is_missing_at_once(
    tree, browser, alice, passer, monkeypatch
):
    tree.answer(tree.ask())
    never = passer.get("/s/" + "x" * 32 + "/")
    assert never.status_code == 404

    def is_missing(share):
        response = passer.get(share.get_absolute_url())
        return (response.status_code, response.content) == (404, never.content)

    ended, kept, short = shared(tree), shared(tree), shared(tree, days=7)
    assert browser.post(f"{tree.url}share/{ended.id}/end/").status_code == 302
    assert is_missing(ended)
    assert not is_missing(kept)

    now = timezone.now()
    with monkeypatch.context() as later:
        later.setattr("django.utils.timezone.now", lambda: now + timedelta(days=7, seconds=1))
        assert is_missing(short)
        assert not is_missing(kept)
        assert links.delete_expired() == 1
    assert not Share.objects.filter(id=short.id).exists()

    alice.is_active = False
    alice.save()
    assert is_missing(kept)
    alice.is_active = True
    alice.save()
    assert not is_missing(kept)
    browser.post(f"{tree.url}delete/")
    assert is_missing(kept)
    assert not Share.objects.exists()


# ---- who may read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "member", "anonymous"),
    [("anyone", 200, 200), ("members", 200, 302), ("off", 404, 404)],
)
def test_the_setting_says_who_may_read(tree, others, passer, settings, setting, member, anonymous):
    tree.answer(tree.ask())
    share = shared(tree)
    settings.QWENCHAT_SHARES = setting
    address = share.get_absolute_url()
    assert others.get(address).status_code == member
    response = passer.get(address)
    assert response.status_code == anonymous
    if anonymous == 302:
        assert response["Location"] == f"/accounts/login/?next={address}"
        nobodys = passer.get("/s/" + "x" * 32 + "/")
        assert nobodys.status_code == 302  # whether there is such a link is not told to them


def test_where_sharing_is_off_it_is_not_offered(tree, browser, look, settings):
    tree.answer(tree.ask())
    assert look(tree.url).all("a", href=f"{tree.url}share/")
    settings.QWENCHAT_SHARES = "off"
    assert not look(tree.url).all("a", href=f"{tree.url}share/")
    assert browser.get(f"{tree.url}share/").status_code == 404
    assert post(browser, tree).status_code == 404
    assert not Share.objects.exists()


def test_the_page_is_kept_nowhere_and_tells_nobody_where_it_is(tree, passer):
    tree.answer(tree.ask())
    share = shared(tree)
    for address in (share.get_absolute_url(), "/s/" + "x" * 32 + "/"):
        response = passer.get(address)
        assert "noindex" in response["X-Robots-Tag"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert response["Cache-Control"] == "private, no-store"
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"
    page = behind(share)
    assert "noindex" in page.one("meta", name="robots").attributes["content"]
    assert page.one("meta", name="referrer").attributes["content"] == "no-referrer"


def test_a_token_cannot_be_guessed_and_is_in_no_log(tree):
    tree.answer(tree.ask())
    tokens = {shared(tree).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", token) for token in tokens)  # 192 bits
    token = tokens.pop()
    assert token not in masked(f"Not Found: /s/{token}/files/9/")
    assert token not in masked(f'{{"message": "/accounts/login/?next=/s/{token}/"}}')
    assert token not in masked(f"/accounts/signup/?next=%2Fs%2F{token}%2F")


def test_one_address_reads_only_so_often_while_signed_out(tree, passer, others, settings):
    settings.LIMITS = Limits(share_reads_per_minute=3)
    tree.answer(tree.ask())
    address = shared(tree).get_absolute_url()
    assert [passer.get(address).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = passer.get(address)
    assert int(refused["Retry-After"]) > 0
    assert others.get(address).status_code == 200
    assert passer.get("/accounts/login/").status_code == 200


def test_reading_changes_nothing_and_costs_little(tree, passer, others, django_assert_num_queries):
    last = None
    for number in range(30):
        last = tree.answer(tree.ask(f"{number}", after=last), sources=SOURCES)
        called(last)
    share = shared(tree, details=True)
    with django_assert_num_queries(1):
        passer.get(share.get_absolute_url())
    with django_assert_num_queries(3):  # session, user
        others.get(share.get_absolute_url())


# ---- files ------------------------------------------------------------------------------------------


@pytest.fixture
def album(tree, browser):
    """A question with a picture, a film and a document."""
    question = tree.ask()
    files = [
        bring(browser, "lake.png", encoded(picture(640, 480), "PNG")),
        bring(browser, "boat.mp4", film(seconds=2)),
        bring(browser, "plan.pdf", pdf(["Tea at five"])),
    ]
    attach(question, *files)
    tree.answer(question)
    return files


def body(client, address):
    response = client.get(address)
    return response, b"".join(
        response.streaming_content
    ) if response.streaming else response.content


def test_files_are_names_unless_they_are_shared(tree, album, passer):
    share = shared(tree)
    page = behind(share)
    assert [e.text for e in page.all("bdi") if "." in e.text] == [
        "lake.png",
        "boat.mp4",
        "plan.pdf",
    ]
    assert not page.all("img")
    for number in range(4):
        for rest in ("", "preview/"):
            assert passer.get(f"{share.get_absolute_url()}files/{number}/{rest}").status_code == 404


def test_shared_pictures_are_whole_and_of_the_rest_there_is_a_small_one(tree, album, passer):
    share = shared(tree, files=True)
    page = behind(share)
    base = share.get_absolute_url()
    images = [image.attributes["src"] for image in page.all("img")]
    assert images == [f"{base}files/{number}/preview/" for number in (1, 2, 3)]
    assert [a.attributes["href"] for a in page.all("a", class_="att-img")] == [f"{base}files/1/"]
    for address in [*images, f"{base}files/1/"]:
        response, content = body(passer, address)
        assert response.status_code == 200
        assert response["Content-Type"].startswith("image/")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert "ETag" not in response  # it is the same for two links to one stored file
        assert content
    for address in (f"{base}files/2/", f"{base}files/3/", f"{base}files/4/", f"{base}files/0/"):
        assert passer.get(address).status_code == 404  # documents and films stay with their owner
    for file in album:
        assert passer.get(file.get_absolute_url()).status_code == 401


def test_a_link_opens_no_file_of_somebody_else(tree, album, bob, passer):
    share = shared(tree, files=True)
    theirs = bring(signed_in(bob), "theirs.png", encoded(picture(colour="green"), "PNG"))
    share.frozen["messages"][0]["files"][0]["id"] = str(theirs.id)
    share.save()
    assert passer.get(f"{share.get_absolute_url()}files/1/").status_code == 404


def test_files_follow_the_setting_and_the_end_of_their_link(tree, album, browser, passer, settings):
    share = shared(tree, files=True)
    address = f"{share.get_absolute_url()}files/1/"
    settings.QWENCHAT_SHARES = "members"
    assert passer.get(address).status_code == 302
    settings.QWENCHAT_SHARES = "anyone"
    browser.post(f"{tree.url}share/{share.id}/end/")
    assert passer.get(address).status_code == 404


def test_a_picture_costs_few_queries(tree, album, passer, django_assert_max_num_queries):
    base = shared(tree, files=True).get_absolute_url()
    with django_assert_max_num_queries(3):
        body(passer, f"{base}files/1/preview/")


# ---- the dialog -------------------------------------------------------------------------------------


def test_a_link_is_made_listed_and_ended(tree, htmx, passer):
    tree.answer(tree.ask())
    asked = Page(htmx.get(f"{tree.url}share/").content.decode()).one("dialog")
    assert not asked.all("li")
    assert {
        box.attributes["name"]: "checked" in box.attributes
        for box in asked.all("input", role="switch")
    } == {
        "files": False,
        "thinking": False,
        "details": False,
    }
    (chosen,) = [o for o in asked.all("option") if "selected" in o.attributes]
    assert chosen.attributes["value"] == "30"

    made = Page(post(htmx, tree, thinking="on").content.decode()).one("dialog")
    url = made.one("li").one("input", readonly="").attributes["value"]
    assert url.startswith("http://testserver/s/")
    assert "with thinking · until" in made.one("li").words
    assert passer.get(url).status_code == 200
    share = Share.objects.get()
    assert abs(share.expires - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)

    (end,) = [
        f.attributes["action"]
        for f in made.all("form")
        if f.attributes.get("action", "").endswith("end/")
    ]
    left = Page(htmx.post(end).content.decode()).one("dialog")
    assert not left.all("li")
    assert left.one(role="status").text == "The link has ended."
    assert passer.get(url).status_code == 404


def test_without_script_the_same_is_a_page(tree, browser):
    tree.answer(tree.ask())
    response = post(browser, tree, days="never")
    assert (response.status_code, response["Location"]) == (302, f"{tree.url}share/")
    page = Page(browser.get(f"{tree.url}share/").content.decode())
    assert page.one("dialog").all("li")
    assert Share.objects.get().expires is None


def test_the_branch_that_was_shown_is_shared_whatever_came_since(tree, browser):
    first = tree.answer(tree.ask("One"), "First.")
    tree.answer(tree.ask("Two", after=first), "Second.")
    post(browser, tree, leaf=str(first.id))
    text = text_behind(Share.objects.get())
    assert "First." in text
    assert "Second." not in text


def test_what_stands_above_it_is_the_persons_word(tree, browser):
    tree.answer(tree.ask())
    field = Page(browser.get(f"{tree.url}share/").content.decode()).one("input", name="title")
    assert field.attributes["value"] == "Tea"
    for title, heading in (("Leaves\r\n of\x00 it", "Leaves of it"), ("", "New chat")):
        post(browser, tree, title=title)
        assert behind(Share.objects.first()).one("h1").text == heading
    assert "Tea" not in text_behind(Share.objects.first())


def test_a_refusal_does_not_bring_the_conversations_title_back(tree, browser):
    tree.answer(tree.ask())
    page = Page(post(browser, tree, title="Leaves", days="9").content.decode())
    assert page.one("input", name="title").attributes["value"] == "Leaves"


def test_a_leaf_of_another_conversation_is_not_found(tree, browser, alice, bob):
    tree.answer(tree.ask())
    for owner in (alice, bob):
        elsewhere = Tree(owner, "Elsewhere")
        leaf = elsewhere.answer(elsewhere.ask())
        assert post(browser, tree, leaf=str(leaf.id)).status_code == 404
    assert post(browser, tree, leaf="nonsense").status_code == 404
    assert not Share.objects.exists()


def test_links_have_the_address_that_people_use(tree, htmx, settings):
    settings.QWENCHAT_URL = "https://chat.example.org"
    tree.answer(tree.ask())
    made = Page(post(htmx, tree).content.decode())
    assert (
        made.one("li")
        .one("input", readonly="")
        .attributes["value"]
        .startswith("https://chat.example.org/s/")
    )


def test_what_cannot_be_shared_says_why(tree, htmx, browser, settings):
    def refused(**fields):
        page = Page(post(htmx, tree, **fields).content.decode())
        plain = post(browser, tree, **fields)
        return page.one(role="alert").words, plain.status_code

    assert refused() == ("There is nothing to share yet.", 400)
    question = tree.ask()
    running = tree.answer(question, "So far", status="streaming")
    words, status = refused()
    assert ("still being written" in words, status) == (True, 409)
    Message.objects.filter(id=running.id).update(status="complete")
    assert refused(days="9")[1] == 400
    settings.LIMITS = Limits(share_bytes=100)
    words, status = refused()
    assert ("too long" in words, status) == (True, 413)
    settings.LIMITS = Limits(shares_per_conversation=1)
    post(browser, tree)
    words, status = refused()
    assert ("has 1 link" in words, status) == (True, 429)
    settings.LIMITS = Limits(shares_per_hour=1)
    words, status = refused()
    assert ("Try again in 60 minutes" in words, status) == (True, 429)
    assert Share.objects.count() == 1


def test_deleting_says_that_links_end_with_it(tree, htmx):
    tree.answer(tree.ask())
    assert "shared links" not in htmx.get(f"{tree.url}delete/").content.decode()
    shared(tree)
    assert "Its shared links end." in htmx.get(f"{tree.url}delete/").content.decode()


def test_making_one_costs_the_same_whatever_the_length(tree, alice, django_assert_max_num_queries):
    tree.answer(tree.ask())
    long, last = Tree(alice, "Long"), None
    for number in range(40):
        last = long.answer(long.ask(f"{number}", after=last))
    for one in (tree, long):
        shared(one)  # the answers' HTML is drawn once and kept
        with django_assert_max_num_queries(10):
            shared(one)


def test_what_is_too_long_is_refused_before_it_is_read_whole(
    tree, settings, django_assert_max_num_queries
):
    settings.LIMITS = Limits(share_bytes=200_000)
    last = None
    for number in range(310):
        last = tree.answer(tree.ask(f"{number}", after=last))
    with pytest.raises(Refusal, match="too long"), django_assert_max_num_queries(150):
        shared(tree)
    settings.LIMITS = Limits()
    copy = shared(tree).frozen["messages"]
    assert [each["text"] for each in copy if each["role"] == "user"] == [
        f"{number}" for number in range(310)
    ]


def test_the_dialog_reads_no_copies(tree, htmx, django_assert_num_queries):
    tree.answer(tree.ask())
    for _ in range(3):
        shared(tree)
    with django_assert_num_queries(4) as queries:  # session, user, conversation, links
        htmx.get(f"{tree.url}share/")
    assert not any('"frozen"' in query["sql"] for query in queries.captured_queries)
