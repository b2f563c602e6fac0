"""The project's settings, with what only tests need: an own data folder, no key, cheap passwords."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

for name in ("DASHSCOPE_API_KEY", "DASHSCOPE_NATIVE_URL", "ALLOWED_HOSTS", "SECRET_KEY", "DEBUG"):
    os.environ.pop(name, None)
os.environ["QWENCHAT_DATA"] = tempfile.mkdtemp(prefix="qwenchat-tests-")
os.environ["DASHSCOPE_BASE_URL"] = "http://127.0.0.1:9/compatible-mode/v1"  # nobody listens there

from qwenchat.settings import *  # noqa: E402, F403

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DASHSCOPE_API_KEY = "sk-test-0123456789abcdef"
CONTRACT = Path(__file__).parent / "contract" / "seed-requests.json"
ATTACHMENTS_BACKGROUND = False  # what is made of a file is there when its upload is answered
STATIC_ROOT.mkdir(parents=True)  # noqa: F405  WhiteNoise looks into it
