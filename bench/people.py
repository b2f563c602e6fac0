"""Makes people who are signed in, in the app's own database: prints a JSON list of session cookies.

    QWENCHAT_DATA=… python -m bench.people 200

For the load programs, which start the app on a temporary folder first. No passwords: these sign in by
their cookies only.
"""

from __future__ import annotations

import json
import os
import sys

import django


def main(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qwenchat.settings")
    django.setup()
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import (
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
    )
    from django.db import transaction

    engine = import_module(settings.SESSION_ENGINE)
    users = get_user_model().objects
    cookies = []
    with transaction.atomic():
        for number in range(count):
            user, _ = users.get_or_create(username=f"bench{number}")
            session = engine.SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save()
            cookies.append(session.session_key)
    json.dump(cookies, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
