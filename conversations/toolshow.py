"""Tool calls as a page shows them: values with every word ready, and their fragments.

Pure: no queries. Whatever comes from a model or a tool is text here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from qwenchat.tools.fetching import FetchRefused
from qwenchat.tools.fetching.targets import read_target

from .jsontext import code_html, coloured
from .models import CallStatus
from .times import seconds
from .visible import bounded, pretty, shortened, visible

if TYPE_CHECKING:
    from uuid import UUID

    from django.utils.safestring import SafeString

    from .models import ToolCall

NEVER_RAN = ("cut", "repeated", "unknown", "too_many", "arguments", "refused")
ICONS = {
    "current_time": "clock",
    "fetch_page": "globe",
    "read_attachment": "file",
    "search_conversations": "search",
    "convert_units": "sync",
    "code_interpreter": "code",
}
# The node on the thread, the badge and its icon, by status.
LOOKS = {
    "running": ("tool", "", ""),
    "waiting": ("tool", "warn", "clock"),
    "done": ("tool", "ok", "check"),
    "failed": ("danger", "danger", "x"),
    "refused": ("", "", ""),
    "cancelled": ("", "", ""),
}


@dataclass(frozen=True, slots=True)
class ShownCall:
    """One call of a tool, as its line on the trail shows it.

    `arguments` and `result` are pretty where they are JSON; `cut` says so where not all is shown.
    `asked_host`: its person is asked because the model made up an address, on this host. `code` is the
    program that the model service ran, highlighted: then it stands in `arguments` too, as text.
    """

    id: str
    message: str
    name: str
    title: str
    origin: str
    arguments: str
    result: str
    status: str
    status_label: str
    duration: str
    icon: str
    node: str
    tone: str
    badge_icon: str
    preview: str
    note: str
    cut: str
    is_edited: bool
    needs_approval: bool
    asked_host: str
    expires: datetime | None
    expires_text: str
    running_ms: int
    is_read_only: bool
    code: SafeString | None = None

    @property
    def is_running(self) -> bool:
        return self.status == CallStatus.RUNNING

    @property
    def arguments_html(self) -> SafeString:
        return coloured(self.arguments)

    @property
    def result_html(self) -> SafeString:
        return coloured(self.result)


def shown_call(
    call: ToolCall | Mapping[str, Any],
    message_id: UUID | str,
    *,
    read_only: bool = False,
    whole: bool = False,
    over: bool = False,
) -> ShownCall:
    """The call, stored or as the socket's `tool` event has it, in the current language.

    `whole`: for an export, which leaves out nothing however long it is. `over`: the answer has ended, so
    what the call's row says of running or waiting may have been left by a server that was killed.
    """
    if fact(call, "by_service"):
        return shown_run(call, message_id, read_only=read_only, whole=whole)
    expires = moment(fact(call, "expires"))
    status, code = standing(call, expires, over=over)
    waits = status == CallStatus.WAITING
    edited = fact(call, "edited")
    written = fact(call, "arguments") or "{}"
    note = note_of(call, status, code)
    # What is asked for is shown whole, however long it is: nobody allows what is out of sight.
    arguments, fewer = bounded(pretty(written if edited is None else edited), whole=waits or whole)
    result, less = bounded(
        "" if note and is_ours(code) else pretty(fact(call, "result")), whole=whole
    )
    node, tone, badge_icon = LOOKS.get(status, LOOKS["failed"])
    name = visible(str(fact(call, "name") or "?"))
    return ShownCall(
        id=str(fact(call, "id")),
        message=str(message_id),
        name=name,
        title=title_of(call),
        origin=visible(str(fact(call, "origin") or "")),
        arguments=arguments,
        result=result,
        status=status,
        status_label=label_of(call, status, code, read_only=read_only),
        duration="" if code in NEVER_RAN else took(call, status),
        icon="refused" if status == CallStatus.REFUSED else ICONS.get(name, "tool"),
        node=node,
        tone=tone,
        badge_icon=badge_icon,
        preview=preview(written if edited is None else edited),
        note=note,
        cut=fewer or less,
        is_edited=edited is not None,
        needs_approval=waits and not read_only,
        asked_host=host_asked(call, written if edited is None else edited) if waits else "",
        expires=expires if waits else None,
        expires_text=until(expires) if waits else "",
        running_ms=since(call) if status == CallStatus.RUNNING else 0,
        is_read_only=read_only,
    )


def shown_run(
    call: ToolCall | Mapping[str, Any], message_id: UUID | str, *, read_only: bool, whole: bool
) -> ShownCall:
    """A program that the model service ran: its code, and that nobody is told what it gave back."""
    status = str(fact(call, "status"))
    written = code_of(fact(call, "arguments"))
    code, cut = bounded(visible(written), whole=whole)
    node, tone, badge_icon = LOOKS.get(status, LOOKS["failed"])
    return ShownCall(
        id=str(fact(call, "id")),
        message=str(message_id),
        name=visible(str(fact(call, "name"))),
        title=_("Code interpreter"),
        origin=_("model service"),
        arguments=code,
        result="",
        status=status,
        status_label=label_of(call, status, "", read_only=read_only),
        duration="",
        icon=ICONS["code_interpreter"],
        node=node,
        tone=tone,
        badge_icon=badge_icon,
        preview=shortened(written),
        note=_("The model service ran this code. It does not tell the result.")
        if code
        else _("The model service ran code and told neither the code nor the result."),
        cut=cut,
        is_edited=False,
        needs_approval=False,
        asked_host="",
        expires=None,
        expires_text="",
        running_ms=0,
        is_read_only=read_only,
        code=code_html(code, "python") if code else None,
    )


def code_of(arguments: Any) -> str:
    try:
        found = json.loads(arguments)
    except (TypeError, ValueError, RecursionError):
        return ""
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, str) else ""


def call_html(
    call: ToolCall | Mapping[str, Any], message_id: UUID | str, *, read_only: bool = False
) -> str:
    """The call's line on the trail of an answer, as one `<li>`."""
    shown = shown_call(call, message_id, read_only=read_only)
    return render_to_string("conversations/_call.html", {"call": shown})


def fact(call: ToolCall | Mapping[str, Any], name: str) -> Any:
    return call.get(name) if isinstance(call, Mapping) else getattr(call, name, None)


def title_of(call: ToolCall | Mapping[str, Any]) -> str:
    """Its title, unless that is only its name once more (`lend` of `library__lend`)."""
    title, name = str(fact(call, "title") or ""), str(fact(call, "name") or "")
    return "" if title == name or name.endswith(f"__{title}") else visible(title)


def standing(
    call: ToolCall | Mapping[str, Any], expires: datetime | None, *, over: bool
) -> tuple[str, str]:
    """Status and code, as they are by now."""
    status, code = str(fact(call, "status")), str(fact(call, "code") or "")
    if not over:
        return status, code
    if status == CallStatus.RUNNING:
        return str(CallStatus.CANCELLED), "lost"
    is_decided = bool(fact(call, "decision"))
    if status == CallStatus.WAITING and not is_decided and expires and expires <= timezone.now():
        return str(CallStatus.REFUSED), "refused"
    return status, code


def waits_still(call: ToolCall) -> bool:
    """Whether its person can still decide, although its answer is over."""
    return not call.decision and standing(call, call.expires, over=True)[0] == CallStatus.WAITING


def label_of(call: ToolCall | Mapping[str, Any], status: str, code: str, *, read_only: bool) -> str:
    """The state in words, for whoever may decide or for others."""
    if status == CallStatus.WAITING and read_only:
        return _("Waiting")
    if status == CallStatus.REFUSED and fact(call, "decision") == "refused" and not read_only:
        return _("You refused")
    if status == CallStatus.FAILED and code in NEVER_RAN:
        return _("Not run")
    return str(CallStatus(status).label) if status in CallStatus.values else status


def is_ours(code: str) -> bool:
    """Whether the result is a sentence that we wrote for the model, in English."""
    return code not in ("", "tool", "arguments")


def note_of(call: ToolCall | Mapping[str, Any], status: str, code: str) -> str:
    """Why the call did not end as done; "" where its result says that."""
    match code:
        case "cut":
            return _("The model’s answer ended in the middle of this call, so it was not run.")
        case "repeated":
            return _("The model repeated the id of an earlier call, so this was not run.")
        case "unknown":
            return _("The model asked for a tool that is not switched on.")
        case "too_many":
            return _("This answer had used up its tool calls, so this was not run.")
        case "timeout" if fact(call, "side_effects"):
            return _("The tool did not answer in time. It may have had its effect.")
        case "timeout":
            return _("The tool did not answer in time.")
        case "changed":
            return _("The tool changed while this waited, so it was not run.")
        case "halfway":
            return _("The call was stopped while it ran. It may have had its effect.")
        case "crash":
            return _("The tool failed.")
        case "cancelled":
            return _("The call was stopped.")
        case "lost":
            return _(
                "The server ended while this ran. It may have had its effect, and is not run again."
            )
        case "address":
            return _("The model wrote this address itself.")
        case "arguments":
            return _("The arguments did not fit the tool, so it was not run.")
        case "refused" if fact(call, "decision") == "refused":
            return _("The call was not run.")
        case "refused":
            return _("Nobody allowed this call in time, so it was not run.")
    return _("The tool reported a problem.") if status == CallStatus.FAILED else ""


def host_asked(call: ToolCall | Mapping[str, Any], arguments: Any) -> str:
    """Where an address that the model made up leads, in letters that cannot pass for others; else ""."""
    if fact(call, "code") != "address":
        return ""
    try:
        return read_target(str(object_of(arguments).get("url"))).host
    except FetchRefused:
        return ""


def object_of(arguments: Any) -> Mapping[str, Any]:
    """Arguments as values; empty where they are no JSON object."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return {}
    return arguments if isinstance(arguments, dict) else {}


def preview(arguments: Any) -> str:
    """The first short thing among the arguments, for the line."""
    for value in object_of(arguments).values():
        if isinstance(value, str | int | float) and str(value).strip():
            return shortened(str(value))
    return ""


def took(call: ToolCall | Mapping[str, Any], status: str) -> str:
    """How long it ran; "" where it did not get so far."""
    ms = fact(call, "duration_ms")
    return seconds(ms) if isinstance(ms, int) and (ms or status == CallStatus.DONE) else ""


def since(call: ToolCall | Mapping[str, Any]) -> int:
    """For how many milliseconds it has been running."""
    begun = moment(fact(call, "started") or fact(call, "created"))
    return 0 if begun is None else max(0, round((timezone.now() - begun).total_seconds() * 1000))


def moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = parse_datetime(value)
    return value if isinstance(value, datetime) else None


def until(expires: datetime | None) -> str:
    if expires is None:
        return ""
    time = date_format(timezone.localtime(expires), "H:i")
    return _("Open until %(time)s; after that it is not run.") % {"time": time}
