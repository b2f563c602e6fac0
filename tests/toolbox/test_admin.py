"""Staff add a server, read its tools, and accept them; over the pages that they use."""

from __future__ import annotations

import re
import socket

import pytest
from django.contrib.admin.models import LogEntry
from django.core import serializers
from django.views.debug import get_exception_reporter_filter

from conversations.toolbox.models import ToolServer
from conversations.toolbox.offer import tools_for
from conversations.toolbox.reading import Outdated, accept, read
from conversations.toolbox.sealing import seal
from qwenchat.logs import JSONFormatter

from .conftest import LIST, accepted, at, library, move, time_server

SECRET = "Bearer s3cret-of-the-library-9876"
FORM = {
    "name": "library",
    "kind": "http",
    "url": "https://tools.example.org/mcp",
    "command": "",
    "arguments": "",
    "allow_private": "",
    "trusts_marks": "on",
    "is_enabled": "on",
    "secrets_new": "",
}


def text_of(response):
    return response.content.decode()


def tools_page(server):
    return f"{LIST}{server.pk}/tools/"


def change_page(server):
    return f"{LIST}{server.pk}/change/"


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


@pytest.fixture
def staff(client, tess):
    client.force_login(tess)
    return client


@pytest.fixture
def superuser(client, root, settings):
    settings.QWENCHAT_MCP_STDIO = True
    client.force_login(root)
    return client


def with_secret(**fields):
    fields = {"name": "library", "url": FORM["url"], **fields}
    return ToolServer.objects.create(sealed=seal({"Authorization": SECRET}), **fields)


# ---- who ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["rita", "sam", "alice"])
def test_only_who_may_manage_tools_gets_in(client, request, who, tess):
    server = with_secret()
    client.force_login(request.getfixturevalue(who))
    for url in (LIST, f"{LIST}add/", change_page(server), tools_page(server)):
        response = client.get(url)
        assert response.status_code in (302, 403), url
        assert FORM["url"] not in text_of(response)
    for last in ("read/", "accept/"):
        assert client.post(tools_page(server) + last).status_code in (302, 403)
    assert LIST not in text_of(client.get("/admin/", follow=True))
    server.refresh_from_db()
    assert server.last_checked is None


def test_whoever_manages_tools_sees_them_and_nothing_else(staff):
    page = text_of(staff.get("/admin/"))
    assert LIST in page
    assert "/admin/conversations/conversation/" not in page
    assert staff.get(LIST).status_code == 200


def test_reading_and_accepting_need_a_form_that_was_sent(staff):
    server = with_secret()
    for last in ("read/", "accept/"):
        assert staff.get(tools_page(server) + last).status_code == 405
    assert staff.get(f"{LIST}999/tools/").status_code == 404


# ---- the way of a server ------------------------------------------------------------------------------


def test_a_server_is_added_read_and_accepted(staff, tess, alice, library_port):
    place = f"127.0.0.1:{library_port}"
    response = staff.post(
        f"{LIST}add/", FORM | {"url": f"http://{place}/mcp", "allow_private": place}
    )
    server = ToolServer.objects.get()
    assert response.url == tools_page(server)
    assert "Not read yet" in text_of(staff.get(tools_page(server)))

    page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert "The tools were read." in page
    assert "library__look_up" in page
    assert "Looks a book up." in page
    assert "&quot;required&quot;: [" in page
    assert page.count("Only reads: runs without asking") == 2
    assert page.count("Asks before each call") == 1
    assert tools_for(alice) == []

    (fingerprint,) = re.findall(r'name="fingerprint" value="(\w{64})"', page)
    page = text_of(
        staff.post(tools_page(server) + "accept/", {"fingerprint": fingerprint}, follow=True)
    )
    assert "The tools are accepted." in page
    assert "Offered" in page
    assert "tess" in page
    assert 'name="fingerprint"' not in page
    assert len(tools_for(alice)) == 3
    server.refresh_from_db()
    assert (server.accepted_by, server.is_accepted) == (tess, True)
    said = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert said == ["Added.", "Read the tools.", f"Accepted the tools {fingerprint[:12]}."]


def test_a_list_that_nobody_has_seen_is_not_accepted(staff, alice, library_port):
    server = at(library_port)
    read(server)
    for wrong in ("", "0" * 64):
        page = text_of(
            staff.post(tools_page(server) + "accept/", {"fingerprint": wrong}, follow=True)
        )
        assert "Look at them once more" in page
    assert tools_for(alice) == []


def test_a_changed_list_is_shown_with_its_differences_and_asks_again(staff, tess, alice):
    with (
        library(old="Was there.") as port,
        library("Looks up. <b>Lend</b>", new="Is new.") as other,
    ):
        server = accepted(at(port), tess)
        move(server, other)
        page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert "Changed: to be accepted" in page
    assert tools_for(alice) == []
    assert re.search(r"library__look_up\s+\(Changed\)", page)
    assert re.search(r"library__new\s+\(New\)", page)
    assert re.search(r"No longer there</h2>\s*<ul>\s*<li>\s*<code dir=\"auto\">old<", page)
    assert "Looks a book up." in page  # as it was accepted
    assert "<b>Lend</b>" not in page
    server.refresh_from_db()
    staff.post(tools_page(server) + "accept/", {"fingerprint": server.fingerprint})
    assert "library__new" in {tool.name for tool in tools_for(alice)}


def test_the_same_list_read_again_stays_accepted(staff, tess, alice, library_port):
    server = accepted(at(library_port), tess)
    staff.post(tools_page(server) + "read/")
    assert len(tools_for(alice)) == 3


@pytest.mark.parametrize(
    "change",
    [{"name": "books"}, {"trusts_marks": ""}, {"url": "https://other.example.org/mcp"}],
)
def test_another_definition_has_to_be_read_and_accepted_anew(
    staff, tess, alice, library_port, change
):
    server = accepted(at(library_port), tess)
    place = f"127.0.0.1:{library_port}"
    form = FORM | {"url": f"http://{place}/mcp", "allow_private": place}
    assert staff.post(change_page(server), form).status_code == 302
    assert len(tools_for(alice)) == 3
    form = {name: value for name, value in (form | change).items() if value}
    assert staff.post(change_page(server), form).status_code == 302
    assert "have to be read and accepted again" in text_of(staff.get(LIST))
    server.refresh_from_db()
    assert (server.fingerprint, server.is_accepted, server.listing) == ("", False, {})
    assert tools_for(alice) == []


def test_a_server_is_switched_off_and_deleted(staff, tess, alice, library_port):
    server = accepted(at(library_port), tess)
    place = f"127.0.0.1:{library_port}"
    form = FORM | {"url": f"http://{place}/mcp", "allow_private": place}
    del form["is_enabled"]
    staff.post(change_page(server), form)
    assert tools_for(alice) == []
    assert "Switched off" in text_of(staff.get(LIST))
    assert staff.post(f"{LIST}{server.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ToolServer.objects.exists()


def history():
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def test_whatever_staff_change_is_in_the_history_without_secrets(staff, tess, caplog):
    caplog.set_level("INFO", "conversations.toolbox.admin")
    first = FORM | {"secrets_new": f"Authorization: {SECRET}\nX-Old: {SECRET}"}
    staff.post(f"{LIST}add/", first)
    server = ToolServer.objects.get()
    changed = {"secrets_new": f"Authorization: {SECRET}2\nX-New: n", "secrets_removed": ["X-Old"]}
    staff.post(change_page(server), {**FORM, **changed})
    off = {name: value for name, value in FORM.items() if name != "is_enabled"}
    staff.post(change_page(server), off)
    staff.post(change_page(server), FORM)
    staff.post(change_page(server), FORM | {"url": "https://other.example.org/mcp"})
    page = text_of(staff.get(f"{LIST}{server.pk}/history/"))
    assert "Deleted secret “X-Old”." in page
    staff.post(f"{LIST}{server.pk}/delete/", {"post": "yes"})
    said = " | ".join(history())
    for words in (
        "Added. Added secret “Authorization”. Added secret “X-Old”.",
        "Changed value for secret “Authorization”. Added secret “X-New”. Deleted secret “X-Old”.",
        "Switched off.",
        "Switched on.",
        "Changed Address. Deleted secret “Authorization”. Deleted secret “X-New”.",
    ):
        assert words in said
    entries = list(LogEntry.objects.all())
    assert {(entry.user, entry.object_repr) for entry in entries} == {(tess, "library")}
    assert entries[0].is_deletion()
    assert "s3cret" not in said + serializers.serialize("json", entries) + caplog.text
    noted = {(record.getMessage(), record.by, record.named) for record in caplog.records}
    assert noted == {
        (f"tool server {how}", tess.pk, "library") for how in ("added", "changed", "deleted")
    }
    assert "Authorization" in caplog.records[0].change
    lines = "".join(JSONFormatter().format(record) for record in caplog.records)
    assert "s3cret" not in lines


# ---- servers that misbehave ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://127.0.0.1:{port}/mcp", ""),
        ("http://127.1:{port}/mcp", ""),
        ("http://2130706433:{port}/mcp", ""),
        ("http://[::ffff:127.0.0.1]:{port}/mcp", ""),
        ("http://localhost:{port}/mcp", ""),
        ("http://127.0.0.1:{port}/mcp", "10.0.0.0/8"),
        ("http://127.0.0.1:{port}/mcp", "127.0.0.1:1"),
    ],
)
def test_a_private_address_is_refused_unless_it_is_allowed(staff, library_port, url, allow):
    url = url.format(port=library_port)
    server = ToolServer.objects.create(name="inner", url=url, allow_private=allow)
    page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert "This address may not be connected to." in page
    server.refresh_from_db()
    assert (server.fingerprint, server.last_error) == ("", "refused")


@pytest.mark.parametrize("allow", ["127.0.0.0/8", "10.0.0.0/8, 127.0.0.1:{port}"])
def test_an_allowed_private_address_is_read(staff, library_port, allow):
    server = at(library_port, allow_private=allow.format(port=library_port))
    assert "The tools were read." in text_of(staff.post(tools_page(server) + "read/", follow=True))


def test_a_dead_server_is_said_and_leaves_the_list(staff, tess, alice):
    with library() as port:
        server = accepted(at(port), tess)
    page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert "The server cannot be reached." in page
    assert "library__look_up" in page
    assert len(tools_for(alice)) == 3  # a restart is no change


def test_a_server_that_speaks_something_else_is_said(staff):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    server = at(port)
    assert "cannot be reached" in text_of(staff.post(tools_page(server) + "read/", follow=True))
    server = ToolServer.objects.create(name="odd", kind="stdio", command="/bin/false")
    assert "Programs are switched off" in text_of(
        staff.post(tools_page(server) + "read/", follow=True)
    )


def test_a_program_that_ends_at_once_is_said(staff, settings):
    settings.QWENCHAT_MCP_STDIO = True
    server = ToolServer.objects.create(name="odd", kind="stdio", command="/bin/false")
    assert "ended the connection" in text_of(staff.post(tools_page(server) + "read/", follow=True))


def test_what_was_changed_while_its_tools_were_read_is_not_overwritten(tess, library_port):
    server = at(library_port)
    ToolServer.objects.filter(pk=server.pk).update(name="books")
    with pytest.raises(Outdated):
        read(server)
    server.refresh_from_db()
    assert server.listing == {}


def test_what_was_cut_or_left_out_is_said(staff):
    with library("word " * 2000, **{"x" * 250: "Long.", "\u202eevil": "Hides."}) as port:
        server = at(port)
        page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert page.count("The server says more.") == 1
    assert "&lt;U+202E&gt;evil" in page
    assert "\u202e" not in page
    assert page.count("holds characters that cannot be seen") == 2


# ---- programs -----------------------------------------------------------------------------------------

PROGRAM = FORM | {"kind": "stdio", "url": "", "command": "/bin/cat", "arguments": "-u\n\n--\n"}


def test_superusers_name_programs_where_the_operator_allows_it(superuser):
    assert superuser.post(f"{LIST}add/", PROGRAM).status_code == 302
    server = ToolServer.objects.get()
    assert (server.command, server.arguments, server.url) == ("/bin/cat", ["-u", "--"], "")
    assert "-u\n--</textarea>" in text_of(superuser.get(change_page(server)))


def test_nobody_names_programs_elsewhere(superuser, settings):
    settings.QWENCHAT_MCP_STDIO = False
    assert "kind" in errors_of(superuser.post(f"{LIST}add/", PROGRAM))
    assert not ToolServer.objects.exists()


def test_staff_may_look_at_programs_and_accept_their_tools_but_not_name_any(
    staff, settings, tess, alice
):
    settings.QWENCHAT_MCP_STDIO = True
    assert "kind" in errors_of(staff.post(f"{LIST}add/", PROGRAM))
    server = time_server(sealed=seal({"TOKEN": SECRET}))
    page = text_of(staff.get(change_page(server)))
    assert "mcp_server_time" in page
    assert "9876" not in page
    assert staff.post(change_page(server), PROGRAM).status_code == 403
    assert staff.post(f"{LIST}{server.pk}/delete/", {"post": "yes"}).status_code == 403
    page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert "time__get_current_time" in page
    server.refresh_from_db()
    staff.post(tools_page(server) + "accept/", {"fingerprint": server.fingerprint})
    assert len(tools_for(alice)) == 2


def test_a_program_needs_a_name_and_takes_variables(superuser):
    assert "command" in errors_of(superuser.post(f"{LIST}add/", PROGRAM | {"command": ""}))
    form = PROGRAM | {"secrets_new": "TOKEN=a=b\nOTHER = x"}
    assert superuser.post(f"{LIST}add/", form).status_code == 302
    assert ToolServer.objects.get().secrets() == {"TOKEN": "a=b", "OTHER": "x"}


# ---- what staff enter ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "a_b"}, "name"),
        ({"name": "-a"}, "name"),
        ({"name": "x" * 25}, "name"),
        ({"name": "bücher"}, "name"),
        ({"url": ""}, "url"),
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "https://user:pw@example.org/"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": f"https://{'a.' * 110}example.org/mcp"}, "url"),
        ({"allow_private": "localhost"}, "allow_private"),
        ({"allow_private": "10.0.0.0/40"}, "allow_private"),
        ({"secrets_new": "no value"}, "secrets_new"),
        ({"secrets_new": "X:"}, "secrets_new"),
        ({"secrets_new": "X: a\x01b"}, "secrets_new"),
        ({"secrets_new": "X: 值"}, "secrets_new"),
        ({"secrets_new": "Host: inner"}, "secrets_new"),
        ({"secrets_new": "content-LENGTH: 1"}, "secrets_new"),
        ({"secrets_new": "\n".join(f"X-{n}: v" for n in range(21))}, "secrets_new"),
        ({"secrets_new": "X: v", "url": "http://example.org/"}, "url"),
    ],
)
def test_what_does_not_fit_is_refused(staff, change, field):
    assert list(errors_of(staff.post(f"{LIST}add/", FORM | change))) == [field]
    assert not ToolServer.objects.exists()


def test_two_servers_do_not_share_a_name(staff):
    with_secret(name="Library")
    response = staff.post(f"{LIST}add/", FORM)
    assert "There is a server of this name already." in text_of(response)


@pytest.mark.parametrize("place", ["[::1]:8000", "Tools.internal:8000", "fd00::/8 10.1.0.0/16"])
def test_private_places_are_taken_in_several_forms(staff, place):
    assert staff.post(f"{LIST}add/", FORM | {"allow_private": place}).status_code == 302


# ---- secrets ------------------------------------------------------------------------------------------


def test_secrets_go_in_and_never_come_out(staff, caplog):
    form = FORM | {"secrets_new": f"Authorization: {SECRET}\nX-Pin: 1234"}
    seen = [staff.post(f"{LIST}add/", form)]
    server = ToolServer.objects.get()
    assert server.secrets() == {"Authorization": SECRET, "X-Pin": "1234"}
    seen.append(staff.post(change_page(server), FORM | {"secrets_new": f"X-Other: {SECRET}"}))
    seen += [
        staff.get(url)
        for url in (
            LIST,
            change_page(server),
            tools_page(server),
            f"{LIST}{server.pk}/history/",
            "/admin/",
        )
    ]
    shown = "".join(text_of(response) for response in seen)
    assert SECRET not in shown
    assert "Authorization: ••••9876" in shown
    assert "X-Pin: ••••<" in re.sub(r"\s+<", "<", shown)  # four characters would be all of it
    server.refresh_from_db()
    everything = [
        repr(server),
        repr(vars(server)),
        serializers.serialize("json", ToolServer.objects.all()),
        serializers.serialize("json", LogEntry.objects.all()),
        caplog.text,
        repr(server.remote()),
    ]
    assert "s3cret" not in "".join(everything)


def test_secrets_are_not_shown_again_beside_an_error(staff):
    form = FORM | {"name": "not fit", "secrets_new": f"Authorization: {SECRET}"}
    response = staff.post(f"{LIST}add/", form)
    assert errors_of(response)
    assert "s3cret" not in text_of(response)
    form = FORM | {"secrets_new": f"Authorization {SECRET}"}
    response = staff.post(f"{LIST}add/", form)
    assert "Line 1 is no name with a value." in text_of(response)
    assert "s3cret" not in text_of(response)


def test_reports_of_errors_hide_secrets(staff):
    request = staff.post(f"{LIST}add/", FORM | {"secrets_new": f"X: {SECRET}"}).wsgi_request
    reported = get_exception_reporter_filter(request).get_post_parameters(request)
    assert reported["url"] == FORM["url"]
    assert "s3cret" not in str(reported)


def test_secrets_are_kept_replaced_and_forgotten_by_name(staff):
    server = with_secret()
    staff.post(change_page(server), FORM)
    server.refresh_from_db()
    assert server.secrets() == {"Authorization": SECRET}
    staff.post(change_page(server), FORM | {"secrets_new": "authorization: new\nX-More: m"})
    server.refresh_from_db()
    assert server.secrets() == {"authorization": "new", "X-More": "m"}
    staff.post(change_page(server), FORM | {"secrets_removed": ["authorization"]})
    server.refresh_from_db()
    assert server.secrets() == {"X-More": "m"}
    staff.post(change_page(server), FORM | {"secrets_removed": ["X-More"]})
    server.refresh_from_db()
    assert server.sealed == ""


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/mcp", "https://tools.example.org/other", "http://tools.example.org/mcp"],
)
def test_a_server_that_moves_does_not_take_its_secrets_along(staff, url):
    server = with_secret()
    response = staff.post(change_page(server), FORM | {"url": url}, follow=True)
    assert "its secrets were forgotten" in text_of(response)
    server.refresh_from_db()
    assert (server.url, server.sealed) == (url, "")


def test_secrets_that_cannot_be_read_are_said_and_can_be_entered_again(staff, settings):
    settings.QWENCHAT_SECRETS_KEY = "one"
    server = with_secret()
    settings.QWENCHAT_SECRETS_KEY = "another one"
    assert "cannot be read" in text_of(staff.get(change_page(server)))
    page = text_of(staff.post(tools_page(server) + "read/", follow=True))
    assert "Its secrets cannot be read" in page
    assert "Its secrets cannot be read" in text_of(staff.get(LIST))
    sealed = server.sealed
    staff.post(change_page(server), FORM)
    server.refresh_from_db()
    assert server.sealed == sealed  # the key may come back
    staff.post(change_page(server), FORM | {"secrets_new": "X-New: v"})
    server.refresh_from_db()
    assert server.secrets() == {"X-New": "v"}


def test_secrets_that_cannot_be_encrypted_are_refused_and_nothing_is_lost(
    staff, settings, tmp_path
):
    server = with_secret()
    settings.QWENCHAT_SECRETS_KEY = ""
    settings.QWENCHAT_DATA = tmp_path
    (tmp_path / "secrets-key").write_bytes(b"\xff")
    response = staff.post(change_page(server), FORM | {"secrets_new": f"X-New: {SECRET}"})
    assert "They cannot be encrypted" in text_of(response)
    assert "s3cret" not in text_of(response)
    sealed = server.sealed
    server.refresh_from_db()
    assert server.sealed == sealed


def test_accepting_is_kept_when_whoever_accepted_goes(tess, alice, library_port):
    server = at(library_port)
    read(server)
    server.refresh_from_db()
    accept(server, server.fingerprint, tess)
    tess.delete()
    assert len(tools_for(alice)) == 3
