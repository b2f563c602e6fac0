from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction

from conversations.models import Opening
from conversations.review.models import AppendOnlyError

LIST = "/admin/conversations/opening/"
FACTS = {
    "reader": 1,
    "reader_name": "rita",
    "owner": 2,
    "owner_name": "alice",
    "what": "transcript",
    "address": "192.0.2.1",
}


@pytest.fixture
def opening(db):
    return Opening.objects.create(conversation=uuid.uuid4(), **FACTS)


def test_a_row_is_not_changed(opening):
    opening.reader_name = "nobody"
    with pytest.raises(AppendOnlyError):
        opening.save()
    copy = Opening(pk=opening.pk, conversation=uuid.uuid4(), **FACTS)
    with pytest.raises(DatabaseError), transaction.atomic():
        copy.save()  # would overwrite, were it not an insert
    opening.refresh_from_db()
    assert opening.reader_name == "rita"


def test_a_row_is_not_deleted(opening):
    with pytest.raises(AppendOnlyError):
        opening.delete()
    assert Opening.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda: Opening.objects.update(reader_name="x"),
        lambda: Opening.objects.all().delete(),
        lambda: Opening.objects.filter(reader=1).delete(),
        lambda: Opening._base_manager.all().delete(),
        lambda: Opening.objects.bulk_update(list(Opening.objects.all()), ["reader_name"]),
        lambda: Opening.objects.update_or_create(reader=1, defaults={"reader_name": "x"}),
        lambda: Opening.objects.bulk_create(
            [Opening(pk=1, conversation=uuid.uuid4(), **FACTS)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["reader_name"],
        ),
    ],
)
def test_no_query_changes_or_deletes_rows(opening, change):
    with pytest.raises((AppendOnlyError, DatabaseError)), transaction.atomic():
        change()
    assert list(Opening.objects.values_list("reader_name", flat=True)) == ["rita"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversations_opening SET reader_name = 'x'",
        "DELETE FROM conversations_opening",
    ],
)
def test_the_database_itself_refuses(opening, statement):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(Opening.objects.values_list("reader_name", flat=True)) == ["rita"]


def test_auditors_list_the_openings(client, sam, opening):
    sam.user_permissions.add(Permission.objects.get(codename="view_opening"))
    client.force_login(sam)
    page = client.get(LIST).content.decode()
    assert "rita" in page
    assert str(opening.conversation) in page
    detail = client.get(f"{LIST}{opening.pk}/change/")
    assert detail.status_code == 200
    assert 'name="_save"' not in detail.content.decode()


def test_staff_without_the_permission_do_not(client, sam, rita, opening):
    for person in (sam, rita):
        client.force_login(person)
        assert client.get(LIST).status_code == 403


def test_not_even_superusers_change_it_in_the_admin(client, root, opening):
    client.force_login(root)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{opening.pk}/change/", {"reader_name": "x"}).status_code == 403
    assert client.post(f"{LIST}{opening.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": [opening.pk], "post": "1"})
    opening.refresh_from_db()
    assert opening.reader_name == "rita"
