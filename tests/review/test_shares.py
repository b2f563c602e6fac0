"""Links that people made: reviewers see that there are some, and may end one, which is written down."""

from __future__ import annotations

import uuid

import pytest

from conversations.models import Opening
from conversations.sharing import links
from conversations.sharing.frozen import Choice
from conversations.sharing.models import Share
from tests.pages.reading import Page


@pytest.fixture
def share(talk):
    return links.make(talk.conversation, talk.conversation.leaf_id, Choice())


@pytest.fixture
def end(talk, share):
    return talk.url.replace("change/", f"shares/{share.id}/end/")


def test_a_transcript_says_that_there_are_links_and_not_where_they_lead(client, rita, talk, share):
    client.force_login(rita)
    text = client.get(talk.url).content.decode()
    page = Page(text)
    assert page.one("section", aria_labelledby="shares").all("li")
    assert share.token not in text
    links.end(share)
    assert not Page(client.get(talk.url).content.decode()).all("section", aria_labelledby="shares")


def test_a_reviewer_ends_a_link_and_that_is_written_down(client, rita, alice, talk, share, end):
    client.force_login(rita)
    response = client.post(end)
    assert (response.status_code, response["Location"]) == (302, talk.url)
    assert not Share.objects.exists()
    opening = Opening.objects.get()
    assert (opening.reader_name, opening.owner, opening.what) == ("rita", alice.pk, "share_ended")
    assert opening.conversation == talk.conversation.id
    page = Page(client.get(talk.url).content.decode())
    assert "ended a shared link" in page.one("ol", class_="audit").words
    assert "The link has ended." in page.root.text


@pytest.mark.parametrize("who", ["sam", "alice", "bob"])
def test_others_end_nothing_there(client, request, who, share, end):
    client.force_login(request.getfixturevalue(who))
    assert client.post(end).status_code in (302, 403)
    assert Share.objects.filter(id=share.id).exists()
    assert not Opening.objects.exists()


def test_a_link_that_is_not_there_is_not_found_and_nothing_is_recorded(
    client, rita, talk, share, end
):
    client.force_login(rita)
    assert client.get(end).status_code == 405
    assert client.post(end.replace(str(share.id), str(uuid.uuid4()))).status_code == 404
    assert not Opening.objects.exists()
