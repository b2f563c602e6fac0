"""The staff's sidebar, and the way there from one's own chats."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

SERVERS = "/admin/conversations/toolserver/"


def manage_tools(user):
    user.user_permissions.add(Permission.objects.get(codename="manage_tools"))


@pytest.mark.parametrize("may_manage", [True, False])
def test_reviewers_who_manage_tools_have_a_link_to_them(client, rita, talk, may_manage):
    if may_manage:
        manage_tools(rita)
    client.force_login(rita)
    page = client.get(talk.url).content.decode()
    assert (f'href="{SERVERS}"' in page) == may_manage
    assert client.get(SERVERS).status_code == (200 if may_manage else 403)
    assert f'href="{SERVERS}"' not in client.get("/").content.decode()  # they come by the review


@pytest.mark.parametrize("may_manage", [True, False])
def test_others_who_manage_tools_find_them_in_their_menu(client, sam, may_manage):
    if may_manage:
        manage_tools(sam)
    client.force_login(sam)
    assert (f'href="{SERVERS}"' in client.get("/").content.decode()) == may_manage


def test_a_permission_without_the_admin_shows_nothing(client, alice):
    manage_tools(alice)
    client.force_login(alice)
    assert f'href="{SERVERS}"' not in client.get("/").content.decode()
