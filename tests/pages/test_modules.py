"""The page's modules are fetched in one go."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from conversations.templatetags.page import behind, module_preloads


def test_every_module_of_the_page_is_preloaded() -> None:
    ours = {f"js/{path.name}" for path in Path(settings.BASE_DIR, "static/js").glob("*.js")}
    assert set(behind("js/app.js")) == ours - {"js/app.js", "js/sign.js"}
    links = module_preloads("js/app.js")
    assert links.count('rel="modulepreload"') == len(ours) - 2
