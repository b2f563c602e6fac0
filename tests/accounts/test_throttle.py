from __future__ import annotations

import time

import pytest
from django.contrib.auth import get_user
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client, RequestFactory

from qwenchat.accounts import throttle
from qwenchat.accounts.address import address_of, network_of

PASSWORD = "correct horse battery"
WRONG = "wrong"
LOGIN = "/accounts/login/"


class Clock:
    """Time that passes when told to; the cache lives by the same clock."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now

    def passes(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


class DeadCache(LocMemCache):
    def get(self, *args, **kwargs):
        raise ConnectionError

    add = set = touch = incr = decr = delete = get_many = set_many = delete_many = get


def sign_in(client, login="alice", password=WRONG, **extra):
    return client.post(LOGIN, {"login": login, "password": password}, **extra)


def tries(client, count, **kwargs):
    return [sign_in(client, **kwargs).status_code for _ in range(count)]


def test_after_five_failures_a_name_waits(client, alice, clock):
    assert tries(client, 6) == [200] * 5 + [429]
    response = sign_in(client)
    assert response.headers["Retry-After"] == "60"
    page = response.content.decode()
    assert "Too many tries" in page
    assert 'value="alice"' in page


def test_while_a_name_waits_not_even_the_right_password_counts(client, alice, clock):
    tries(client, 5)
    assert sign_in(client, password=PASSWORD).status_code == 429
    assert not get_user(client).is_authenticated


def test_after_the_wait_the_right_password_is_checked(client, alice, clock):
    tries(client, 5)
    clock.passes(61)
    assert sign_in(client, password=PASSWORD).status_code == 302
    assert get_user(client).is_authenticated


def test_each_failure_after_a_wait_makes_the_next_one_longer(client, alice, clock):
    tries(client, 5)
    waits = []
    for _ in range(6):
        wait = int(sign_in(client).headers["Retry-After"])
        waits.append(wait)
        clock.passes(wait + 1)
        assert sign_in(client).status_code == 200
    assert waits == [60, 120, 240, 480, 900, 900]


def test_the_wait_counts_down(client, alice, clock):
    tries(client, 5)
    clock.passes(20)
    assert sign_in(client).headers["Retry-After"] == "40"


def test_a_name_that_nobody_has_waits_just_the_same(client, alice, clock):
    assert tries(client, 6, login="nobody") == [200] * 5 + [429]


def test_other_names_are_not_kept_waiting(client, alice, bob, clock):
    tries(client, 5)
    assert sign_in(client, login="bob", password=PASSWORD).status_code == 302


def test_case_and_space_make_no_other_name(client, alice, clock):
    spellings = ["alice", "ALICE", " alice", "Alice", "ａlice", "alice"]
    assert [sign_in(client, login=name).status_code for name in spellings] == [200] * 5 + [429]


def test_failures_further_apart_than_the_window_do_not_add_up(client, alice, clock):
    for _ in range(3):
        assert tries(client, 4) == [200] * 4
        clock.passes(throttle.WINDOW_SECONDS + 1)


def test_success_forgets_the_failures_of_the_name(client, alice, clock):
    for _ in range(3):
        assert tries(client, 4) == [200] * 4
        assert sign_in(client, password=PASSWORD).status_code == 302
        client.logout()


def test_after_twenty_failures_an_address_waits(client, alice, clock, settings):
    assert [sign_in(client, login=f"n{i}").status_code for i in range(21)] == [200] * 20 + [429]
    assert sign_in(client, password=PASSWORD).status_code == 429
    elsewhere = sign_in(client, password=PASSWORD, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 302


def test_signing_in_to_an_own_account_buys_no_more_guesses(client, alice, bob, clock, settings):
    settings.LIMITS = type(settings.LIMITS)(anonymous_per_minute=1000)
    for i in range(20):
        sign_in(client, login=f"n{i}")
        if i < 19:
            assert sign_in(client, login="bob", password=PASSWORD).status_code == 302
            client.logout()
    assert sign_in(client, login="alice").status_code == 429


def test_the_admin_shares_the_counter(client, root, clock):
    tries(client, 5, login="root")
    client.get("/admin/login/?next=/admin/", follow=True)
    assert sign_in(client, login="root", password=PASSWORD).status_code == 429


def test_tries_at_the_same_time_get_no_further_than_one_after_the_other(rf, db):
    request = rf.post(LOGIN)
    running = [throttle.attempt(request, "alice") for _ in range(5)]
    with pytest.raises(throttle.Paused):
        throttle.attempt(request, "alice")
    running[0].succeeded()
    assert throttle.attempt(request, "alice").name_number == 1


def test_a_dead_cache_lets_nobody_in_and_says_so(client, alice, settings, caplog):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.DeadCache"}}
    response = sign_in(client, password=PASSWORD)
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "Signing in is not possible right now" in response.content.decode()
    assert not get_user(client).is_authenticated
    assert "the cache does not answer" in caplog.text
    assert client.get(LOGIN).status_code == 200


def test_an_address_may_call_the_pages_so_often_a_minute(client, alice, clock, settings):
    settings.LIMITS = type(settings.LIMITS)(anonymous_per_minute=3)
    assert [client.get(LOGIN).status_code for _ in range(3)] == [200] * 3
    clock.passes(10)
    response = client.get("/accounts/signup/")
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "50"
    assert "Too many requests" in response.content.decode()
    assert client.get(LOGIN, REMOTE_ADDR="192.0.2.7").status_code == 200
    clock.passes(51)
    assert client.get(LOGIN).status_code == 200


def test_who_is_signed_in_is_not_counted_by_address(client, alice, clock, settings):
    settings.LIMITS = type(settings.LIMITS)(anonymous_per_minute=3)
    client.force_login(alice)
    assert {client.get("/accounts/logout/").status_code for _ in range(5)} == {200}


def test_changing_the_password_too_often_says_when_to_come_back(client, alice):
    client.force_login(alice)
    data = {"oldpassword": "wrong", "password1": "another fine password"}
    statuses = [client.post("/accounts/password/change/", data).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    response = client.post("/accounts/password/change/", data)
    assert response.headers["Retry-After"] == "60"
    assert "Too many requests" in response.content.decode()


@pytest.mark.parametrize(
    ("behind_proxy", "remote", "forwarded", "address"),
    [
        (False, "192.0.2.1", "198.51.100.9", "192.0.2.1"),
        (True, "127.0.0.1", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (True, "127.0.0.1", "", "127.0.0.1"),
        (True, "127.0.0.1", "<script>", "unknown"),
        (False, "::ffff:192.0.2.1", "", "192.0.2.1"),
        (False, "", "", "unknown"),
    ],
)
def test_the_address_is_the_proxys_word_only_behind_a_proxy(
    rf, settings, behind_proxy, remote, forwarded, address
):
    settings.BEHIND_PROXY = behind_proxy
    request = rf.get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert address_of(request) == address


def test_a_household_with_ipv6_counts_as_one_address():
    factory = RequestFactory()
    one, two = (
        network_of(factory.get("/", REMOTE_ADDR=f"2001:db8:1:2::{host}")) for host in ("1", "ffff")
    )
    other = network_of(factory.get("/", REMOTE_ADDR="2001:db8:1:3::1"))
    assert one == two != other


def test_no_name_is_a_key_of_the_cache(client, alice, clock):
    tries(client, 2)
    assert not any("alice" in key for key in cache._cache)


def test_two_browsers_share_the_counter_of_a_name(alice, clock):
    first, second = Client(), Client()
    tries(first, 3)
    assert tries(second, 3, REMOTE_ADDR="192.0.2.7") == [200, 200, 429]
