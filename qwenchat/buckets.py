"""Uploads in an S3 bucket: what the `AWS_…` variables say, as django-storages takes it."""

from __future__ import annotations

from typing import Any

from . import env


def from_environment() -> dict[str, Any] | None:
    """The storage's entry in `STORAGES`; None when no bucket is named.

    Objects are private by the bucket's own rules: newer buckets refuse ACLs.
    """
    if not env.is_set("AWS_STORAGE_BUCKET_NAME"):
        return None
    from botocore.config import Config  # noqa: PLC0415  half a second that only a bucket needs

    options: dict[str, Any] = {
        "bucket_name": env.text("AWS_STORAGE_BUCKET_NAME"),
        "endpoint_url": env.text("AWS_S3_ENDPOINT_URL") or None,
        "region_name": env.text("AWS_S3_REGION_NAME") or None,
        "access_key": env.text("AWS_ACCESS_KEY_ID") or None,
        "secret_key": env.text("AWS_SECRET_ACCESS_KEY") or None,
        "location": env.text("AWS_LOCATION"),
        "client_config": Config(
            signature_version="s3v4",
            s3={"addressing_style": env.text("AWS_S3_ADDRESSING_STYLE") or "auto"},
            connect_timeout=5,  # seconds; a page waits for this
            read_timeout=30,
            retries={"total_max_attempts": 3},
        ),
        "file_overwrite": False,
        "default_acl": None,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
