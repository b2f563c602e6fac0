"""Static files under names that carry their hash, module imports included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

OURS = "js/"


class HashedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's storage, with `import … from "./x.js"` rewritten to the hashed name of x.js.

    Only in our own modules: Django finds imports by pattern, and other packages' files show some in their
    comments that lead nowhere.
    """

    support_js_module_import_aggregation = True
    # One pass for each level of imports: a module's name depends on the names of what it imports.
    max_post_process_passes = 20

    def url_converter(self, name: str, *arguments: Any) -> Callable[[re.Match[str]], str]:
        """`arguments` are what this version of Django hands over; 6.1 has one more than 5.2."""
        if name.endswith(".js") and not name.startswith(OURS):
            return lambda match: match.group(0)
        converter: Any = super().url_converter(name, *arguments)
        return lambda match: str(converter(match))
