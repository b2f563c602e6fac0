from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

PASSWORD = "correct horse battery"


@pytest.fixture
def helpdesk(sam):
    """Staff that may change people, without being a superuser."""
    sam.user_permissions.set(
        Permission.objects.filter(codename__in=["view_user", "change_user", "delete_user"])
    )
    return sam


def test_no_password_hash_is_shown(client, root, alice):
    client.force_login(root)
    page = client.get(f"/admin/auth/user/{alice.pk}/change/").content.decode()
    algorithm, *_, digest = alice.password.split("$")
    assert algorithm not in page
    assert digest[:6] not in page
    assert "Set a new one" in page


def test_superusers_set_a_new_password(client, root, alice):
    client.force_login(root)
    client.post(
        f"/admin/auth/user/{alice.pk}/password/",
        {"password1": "a fresh and long one", "password2": "a fresh and long one"},
    )
    alice.refresh_from_db()
    assert alice.check_password("a fresh and long one")


def test_the_helpdesk_may_not_touch_staff(client, helpdesk, rita, alice):
    client.force_login(helpdesk)
    assert client.get(f"/admin/auth/user/{alice.pk}/password/").status_code == 200
    assert client.get(f"/admin/auth/user/{rita.pk}/password/").status_code == 403
    assert client.post(f"/admin/auth/user/{rita.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_helpdesk_gives_nobody_power(client, helpdesk, alice):
    client.force_login(helpdesk)
    response = client.post(
        f"/admin/auth/user/{alice.pk}/change/",
        {
            "username": "alice",
            "email": "new@example.org",
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
            "user_permissions": [p.pk for p in Permission.objects.all()[:3]],
        },
    )
    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert not alice.is_staff
    assert not alice.is_superuser
    assert not alice.user_permissions.exists()


def test_staff_without_the_permission_see_nobody(client, sam, alice):
    client.force_login(sam)
    assert client.get("/admin/auth/user/").status_code == 403
