"""Renaming and deleting, as a dialog and as plain pages."""

from __future__ import annotations

import json

import pytest

from conversations.models import Conversation
from tests.pages.conftest import signed_in
from tests.pages.reading import Page


def test_a_new_title_is_kept_and_told_to_the_page(htmx, tree):
    response = htmx.post(f"{tree.url}rename/", {"title": "  Green \n tea "})
    tree.conversation.refresh_from_db()
    assert tree.conversation.title == "Green tea"
    assert tree.conversation.title_is_manual
    assert response.content == b""  # which closes the dialog
    told = json.loads(response["HX-Trigger"])["renamed"]
    assert (told["id"], told["title"]) == (str(tree.conversation.id), "Green tea")


def test_an_empty_title_is_asked_for_again(htmx, tree):
    response = htmx.post(f"{tree.url}rename/", {"title": "   "})
    dialog = Page(response.content.decode()).one("dialog")
    field = dialog.one("input", name="title")
    assert field.attributes["aria-invalid"] == "true"
    assert dialog.one(id_=field.attributes["aria-describedby"]).words
    tree.conversation.refresh_from_db()
    assert tree.conversation.title == "Tea"


@pytest.mark.parametrize("kind", ["rename", "delete"])
def test_dialogs_are_pages_without_script(look, htmx, tree, kind):
    path = f"{tree.url}{kind}/"
    whole = look(path)
    assert "open" in whole.one("dialog").attributes
    assert whole.one("h1").words
    assert "hx-disable" in whole.one("main").attributes  # its form's target is not on this page
    fragment = Page(htmx.get(path).content.decode())
    assert not fragment.all("html")
    assert "open" not in fragment.one("dialog").attributes


def test_renaming_and_deleting_work_without_script(browser, tree):
    response = browser.post(f"{tree.url}rename/", {"title": "Oolong"})
    assert (response.status_code, response["Location"]) == (302, tree.url)
    response = browser.post(f"{tree.url}delete/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert not Conversation.objects.exists()


def test_deleting_the_conversation_on_screen_leads_to_a_new_chat(alice, tree):
    tree.answer(tree.ask(), "", status="streaming")
    here = signed_in(
        alice, **{"HX-Request": "true", "HX-Current-URL": f"http://testserver{tree.url}"}
    )
    response = here.post(f"{tree.url}delete/")
    assert response["HX-Redirect"] == "/"
    assert not Conversation.objects.exists()


def test_deleting_another_one_takes_its_row_away(htmx, tree):
    fragment = Page(htmx.post(f"{tree.url}delete/").content.decode())
    assert fragment.one("span").attributes["hx-swap-oob"] == f"delete:#row-{tree.conversation.id}"
