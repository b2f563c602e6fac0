"""Chromium, real servers for the session, and tabs that fail the test when something goes wrong in them.

Run apart from the async tests: DJANGO_ALLOW_ASYNC_UNSAFE=1 pytest -m browser -p no:asyncio tests/browser
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Protocol

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from playwright.sync_api import expect

from .chat import Chat
from .people import Person, join
from .running import App
from .service import Service
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext
    from pytest_django.plugin import DjangoDbBlocker

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1200, "height": 800}
PATIENCE_MS = 20_000  # two cores that are busy; what is there is seen at once

expect.set_options(timeout=PATIENCE_MS)


class OpenTab(Protocol):
    """Opens a tab of an own browser session; `who` is signed in there."""

    def __call__(
        self, who: Person | None = None, *, app: App | None = None, url: str = "", **context: Any
    ) -> Chat: ...


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    return {**browser_type_launch_args, "executable_path": chromium, "args": FLAGS}


@pytest.fixture(scope="session", autouse=True)
def _databases(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The servers' databases are theirs, not the suite's: nothing is rolled back here."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with Service() as service:
        yield service
        service.let_go()


@pytest.fixture(autouse=True)
def _no_answer_runs_on(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "service" in request.fixturenames:
        request.getfixturevalue("service").let_go()


@pytest.fixture(scope="session")
def app(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The server that most tests share; `service` is its model service."""
    with App(tmp_path_factory.mktemp("app"), **keyed(service)) as app:
        yield app


@pytest.fixture(scope="session")
def sandbox_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """What a stranger has after the first command: no key, the sandbox answers."""
    with App(tmp_path_factory.mktemp("sandbox")) as app:
        yield app


@pytest.fixture
def own_app(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server for one test, which may kill it."""
    with App(tmp_path_factory.mktemp("own"), **keyed(service)) as app:
        yield app


def keyed(service: Service) -> dict[str, str | None]:
    return {"DASHSCOPE_API_KEY": "sk-test", "DASHSCOPE_BASE_URL": service.base_url}


@pytest.fixture
def alice(app: App) -> Person:
    return join(app, "alice")


@pytest.fixture
def rita(app: App) -> Person:
    """Reviews what others wrote."""
    return join(app, "rita", is_staff=True)


@pytest.fixture
def wire(app: App) -> Iterator[Wire]:
    with Wire(app.port) as wire:
        yield wire


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    contexts: list[BrowserContext] = []
    tabs: list[Chat] = []

    def open_tab(
        who: Person | None = None, *, app: App | None = None, url: str = "", **options: Any
    ) -> Chat:
        options = {"viewport": DESK, "locale": "en-GB", "reduced_motion": "reduce"} | options
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        if who is not None:
            context.add_cookies(who.cookies)
        running = app or (who.app if who else None)
        chat = Chat(context.new_page(), url or (running.url if running else ""))
        tabs.append(chat)
        return chat

    yield open_tab
    for context in contexts:
        context.close()
    assert not [problem for tab in tabs for problem in tab.problems]


@pytest.fixture
def chat(open_tab: OpenTab, alice: Person) -> Chat:
    """Alice's tab, on a new chat."""
    chat = open_tab(alice)
    chat.goto()
    return chat


@pytest.fixture
def second_tab() -> Callable[[Chat], Chat]:
    """Another tab of the same browser session, at the same address."""

    def second(first: Chat) -> Chat:
        other = Chat(first.page.context.new_page(), first.url)
        other.problems = first.problems
        other.page.goto(first.page.url)
        return other

    return second
