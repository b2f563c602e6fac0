"""`kill -9` while a call that was allowed is running: it may have had its effect, so it never runs again."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.toolbox.conftest import on_a_port

from .people import join
from .running import App
from .test_survival import NO_CONNECTION
from .test_tools import add_library, calls, use

if TYPE_CHECKING:
    from .conftest import OpenTab

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

SEND = "library__send"


def test_a_call_that_ran_when_the_server_was_killed_never_runs_again(
    tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    pytest.importorskip("mcp", reason="the package mcp is not installed")
    from mcp.server.mcpserver import MCPServer

    made = MCPServer("library")
    sent: list[str] = []
    came, may_end = threading.Event(), threading.Event()

    @made.tool(description="Sends a message.")
    def send(text: str) -> str:
        sent.append(text)
        came.set()
        may_end.wait(60)
        return "sent"

    with on_a_port(made) as port, App(tmp_path_factory.mktemp("killed")) as app:
        add_library(app, port)
        chat = open_tab(join(app, "alice"))
        chat.expects(NO_CONNECTION)
        chat.goto()
        use(chat, SEND)
        chat.ask(f"/sandbox call {SEND} {json.dumps({'text': 'once'})}")
        calls(chat).get_by_role("button", name="Allow once", exact=True).click()
        assert came.wait(30)
        chat.expect_conversation()
        app.kill()
        may_end.set()
        expect(chat.offline).to_be_visible()
        app.start()
        expect(chat.offline).to_be_hidden()
        chat.page.reload()
        expect(calls(chat)).to_have_attribute("data-status", "cancelled")
        calls(chat).locator("summary").click()
        expect(calls(chat)).to_contain_text("It may have had its effect, and is not run again.")
        chat.action("continue").click()
        chat.expect_status("complete")
        expect(calls(chat)).to_have_count(1)
        assert sent == ["once"]
