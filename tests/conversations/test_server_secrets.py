"""Secrets of tool servers are nowhere but in the database, sealed, and in requests to their server."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest
from django.core.signals import got_request_exception
from django.db import transaction
from django.test import Client
from django.views.debug import ExceptionReporter

from conversations.models import Message, Round, ToolCall
from conversations.toolbox import forms, models, sealing
from conversations.toolbox.models import ToolServer
from qwenchat.logs import JSONFormatter
from tests.toolbox.conftest import at
from tests.upstream import Reply, answer

from .test_server_tools import accepted, ask, in_database, port, tess, waiting
from .test_tools import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User
    from django.http import HttpRequest

    from .conftest import ChatUpstream, Socket

__all__ = ["port", "tess"]  # fixtures

SECRET = "s3cret-of-the-library"
HEADERS = "library__headers"


@transaction.atomic
def pages_of(conversation: str, message: str, alice: User, root: User) -> dict[str, str]:
    """Everything that anybody may open about the answer."""
    owner, staff = Client(), Client()
    owner.force_login(alice)
    staff.force_login(root)
    chat = f"/c/{conversation}/"
    admin = f"/admin/conversations/conversation/{conversation}"
    found = {
        url: browser.get(url, follow=True)
        for browser, url in (
            (owner, chat),
            (owner, f"{chat}thread/"),
            (owner, f"{chat}export/?as=markdown"),
            (owner, f"{chat}export/?as=json"),
            (owner, f"{chat}export/?as=html"),
            (owner, f"/messages/{message}/source/"),
            (owner, f"/messages/{message}/request/"),
            (staff, f"{admin}/change/"),
            (staff, f"{admin}/messages/{message}/requests/"),
            (staff, "/admin/conversations/toolserver/"),
        )
    }
    assert {url: page.status_code for url, page in found.items()} == dict.fromkeys(found, 200)
    transaction.set_rollback(True)  # the record of openings could not be emptied behind the test
    return {url: page.content.decode() for url, page in found.items()}


async def test_a_server_that_repeats_its_secrets_tells_nobody(
    page: Socket,
    upstream: ChatUpstream,
    port: int,
    tess: User,
    alice: User,
    root: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    sealed = await in_database(sealing.seal)({"Authorization": f"Bearer {SECRET}", "X-Key": SECRET})
    await in_database(lambda: accepted(at(port, sealed=sealed, trusts_marks=False), tess))()
    upstream.script(calls(("c1", HEADERS, "{}")), Reply(answer("You have headers.")))
    message = await ask(page, HEADERS)
    call = await waiting(page)
    await page.say("approve", request="ok", call=call, approved=True)
    await page.until("end")

    row = await ToolCall.objects.aget()
    assert (row.status, json.loads(row.result)["authorization"]) == ("done", "••••")
    asked = await Message.objects.aget(id=message)
    shown = await in_database(pages_of)(str(asked.conversation_id), message, alice, root)
    places = {
        **shown,
        "the socket": json.dumps(page.events),
        "the model": json.dumps(
            [request.json for request in upstream.requests], ensure_ascii=False
        ),
        "rounds": json.dumps([each.body async for each in Round.objects.all()]),
        "the log": "\n".join(JSONFormatter().format(record) for record in caplog.records),
        "the row": repr(vars(await ToolServer.objects.aget())),
    }
    assert [place for place, text in places.items() if SECRET in text] == []
    assert "••••" in places["the model"]


@pytest.fixture
def reports() -> Iterator[list[str]]:
    """What Django would mail of each crash: it holds the variables of every frame."""
    found: list[str] = []

    def report(request: HttpRequest, **_: object) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info(), is_email=True)
        found.append(reporter.get_traceback_html() + reporter.get_traceback_text())

    got_request_exception.connect(report, weak=False)
    yield found
    got_request_exception.disconnect(report)


def broken(*_: object, **__: object) -> str:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("place", [(forms, "seal"), (forms, "hint"), (models, "HttpServer")])
def test_reports_of_crashes_hide_secrets(
    root: User, reports: list[str], monkeypatch: pytest.MonkeyPatch, place: tuple[object, str]
) -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(root)
    server = ToolServer.objects.create(
        name="library",
        url="https://tools.example.org/mcp",
        sealed=sealing.seal({"Authorization": f"Bearer {SECRET}"}),
    )
    form = {"name": "library", "kind": "http", "url": server.url, "secrets_new": f"X: {SECRET}"}
    url = f"/admin/conversations/toolserver/{server.pk}/"
    monkeypatch.setattr(*place, broken)
    assert browser.post(f"{url}change/", form).status_code == 500 or place[0] is models
    if place[0] is models:
        assert browser.post(f"{url}tools/read/").status_code == 500
    assert "a bug" in reports[0]
    assert SECRET not in "".join(reports)
