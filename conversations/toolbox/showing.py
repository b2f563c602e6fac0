"""A server's tools as staff see them before they accept, with everything that a model would read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qwenchat.tools.mcp.listing import MOST_DESCRIPTION_CHARACTERS, MOST_LEFT_OUT

if TYPE_CHECKING:
    from qwenchat.tools.mcp import ListedTool

    from .models import ToolServer


@dataclass(frozen=True, slots=True)
class ShownTool:
    """`change` says how it differs from what was accepted, `before` is what that was, if it was another."""

    name: str
    title: str
    remote_name: str
    description: str
    schema: str
    mark: str
    change: str
    is_cut: bool = False
    before: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ShownList:
    """`removed` were accepted and are gone; `left_out` cannot be offered, with why."""

    tools: tuple[ShownTool, ...]
    removed: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    count: str
    has_more_left_out: bool = False


def shown(server: ToolServer) -> ShownList | None:
    """The list that the server gave last; None if it was never read."""
    listing = server.known
    if listing is None:
        return None
    accepted = server.accepted
    differences = listing.differences(accepted) if accepted else {}
    old = {tool.remote_name: tool for tool in accepted.listed} if accepted else {}
    return ShownList(
        tools=tuple(
            shown_tool(tool, differences.get(tool.remote_name, ""), old.get(tool.remote_name))
            for tool in listing.listed
        ),
        removed=tuple(sorted(name for name, how in differences.items() if how == "removed")),
        left_out=tuple((name, why_left_out(why)) for name, why in listing.left_out.items()),
        has_more_left_out=len(listing.left_out) >= MOST_LEFT_OUT,
        count=ngettext("%(count)d tool", "%(count)d tools", len(listing.listed))
        % {"count": len(listing.listed)},
    )


def shown_tool(tool: ListedTool, change: str, old: ListedTool | None) -> ShownTool:
    words = {"added": _("New"), "changed": _("Changed")}
    return ShownTool(
        name=tool.name,
        title=tool.title,
        remote_name=tool.remote_name,
        description=tool.description,
        schema=pretty(tool),
        mark=_("Only reads: runs without asking") if tool.read_only else _("Asks before each call"),
        change=words.get(change, ""),
        is_cut=len(tool.description) >= MOST_DESCRIPTION_CHARACTERS,
        before=(old.description, pretty(old)) if old and change == "changed" else None,
    )


def pretty(tool: ListedTool) -> str:
    return json.dumps(tool.schema, ensure_ascii=False, indent=2)


def why_left_out(code: str) -> str:
    sentences = {
        "too_many": _("There are more tools than can be offered."),
        "name": _("Its name is missing, too long, or holds characters that cannot be seen."),
        "unseen": _("Its arguments’ names or values hold characters that cannot be seen."),
        "schema": _("Its arguments’ description is too large or broken."),
    }
    return sentences.get(code, code)


def state(server: ToolServer) -> str:
    """How it stands, in a few words."""
    if not server.is_enabled:
        return _("Switched off")
    if not server.can_run:
        return _("Programs are switched off")
    if not server.can_be_opened:
        return _("Its secrets cannot be read")
    if server.is_offered:
        return _("Offered")
    if server.last_error == "changed":
        return _("Changed: to be read again")
    if not server.fingerprint:
        return _("Could not be read") if server.last_error else _("Not read yet")
    return _("Changed: to be accepted") if server.accepted_listing else _("To be accepted")


def who(server: ToolServer) -> str:
    """For whom its tools are, in a few words."""
    if not server.is_limited:
        return _("everybody")
    return ", ".join(sorted(group.name for group in server.groups.all())) or _("nobody")


def problem_of(server: ToolServer) -> str:
    """Why its tools are not used although staff want them to be, or what went wrong last."""
    return problem(server.last_error if server.can_be_opened else "secrets")


def problem(code: str) -> str:
    """What went wrong when the tools were last read or used, and what would help; "" if nothing did."""
    sentences = {
        "": "",
        "changed": _(
            "Its tools are no longer those that were accepted, so they are not offered. Read and accept"
            " them again."
        ),
        "died": _("The server ended the connection."),
        "flood": _("The server sent far too much."),
        "list": _(
            "The server describes its tools in another way than MCP does: one has no name, or what it takes"
            " is no object. Only whoever runs it can mend that."
        ),
        "nothing": _("There is nothing at this path of the server. Check the address."),
        "plain": _("Secrets are sent over https:// only, or to private addresses."),
        "program": _("There is no such program here, or it may not be run. Check its name."),
        "tls": _(
            "There is no secure connection to the server: its certificate is not trusted here, has expired or"
            " is for another name, or it does not speak TLS. Check the address; SSL_CERT_FILE names further"
            " certificate authorities."
        ),
        "unauthorized": _(
            "The server does not let this server in. Enter what it wants under new secrets, such as"
            " “Authorization: Bearer …”, or replace what is there."
        ),
        "missing": _("The package mcp is not installed on this server."),
        "programs": _("Programs are switched off on this server."),
        "protocol": _("What is there does not speak MCP as it should. Check the address and the secrets."),
        "refused": _(
            "This address may not be connected to. If it is meant to be private, name it under private"
            " addresses."
        ),
        "secrets": _(
            "Its secrets cannot be read, since no key opens them, so it is not used. Bring the old key back,"
            " or enter them again."
        ),
        "timeout": _("The server did not answer in time."),
        "unreachable": _("The server cannot be reached. Check the address, or that it is running."),
    }  # fmt: skip
    return sentences.get(code, sentences["protocol"])
