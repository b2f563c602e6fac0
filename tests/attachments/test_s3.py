"""The same ways in, out and away with an S3 server for storage."""

from __future__ import annotations

import pytest
from django.core.files.storage import storages

from attachments import deliver
from attachments.models import DerivedFile, StoredFile
from attachments.sweeping import sweep_storage
from qwenchat import buckets

from . import making
from .conftest import attachment

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


@pytest.fixture(scope="session")
def s3_server():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server, settings, monkeypatch):
    import boto3

    for name, value in {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STORAGE_BUCKET_NAME": "uploads",
        "AWS_S3_ENDPOINT_URL": s3_server,
        "AWS_S3_REGION_NAME": "us-east-1",
        "AWS_S3_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LOCATION": "qwenchat",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client(
        "s3",
        endpoint_url=s3_server,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="uploads")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": buckets.from_environment(),
    }
    yield client
    storages["default"].connection.meta.client.close()
    for item in client.list_objects_v2(Bucket="uploads").get("Contents", []):
        client.delete_object(Bucket="uploads", Key=item["Key"])
    client.delete_bucket(Bucket="uploads")
    client.close()


def keys(client) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket="uploads").get("Contents", [])]


@pytest.mark.django_db(transaction=True)
def test_files_live_in_s3_from_upload_to_deletion(bucket, hers, settings):
    document = making.pdf(["Lake"])
    for name, content in (
        ("a.png", making.encoded(making.picture(), "PNG")),
        ("a.mp4", making.film()),
        ("合同.pdf", document),
    ):
        hers.brings(name, content)
    assert all(key.startswith("qwenchat/attachments/") for key in keys(bucket))
    assert len(keys(bucket)) == StoredFile.objects.count() + DerivedFile.objects.count()
    assert not [path for path in settings.QWENCHAT_DATA.rglob("*") if path.is_file()]

    found = attachment(hers.brings("again.pdf", document))
    url = found.get_absolute_url()
    assert hers.body(url) == document
    assert hers.body(url, range="bytes=5-14") == document[5:15]
    assert hers.get(url, range="bytes=99999-").status_code == 416
    assert hers.client.head(url)["Content-Length"] == str(len(document))
    assert "Lake" in deliver.text_of(found)
    assert deliver.page_data_urls(found, [1])[0].startswith("data:image/jpeg")

    film = StoredFile.objects.get(kind="video").attachments.get()
    assert len(deliver.frame_data_urls(film, [0, 500, 900])) == 3

    for row in list(hers.user.attachments.all()):
        assert hers.delete(row.get_absolute_url()).status_code == 204
    assert keys(bucket) == []


@pytest.mark.django_db(transaction=True)
def test_an_object_that_is_missing_is_not_found(bucket, hers):
    found = hers.brings("a.txt", b"hello")
    for key in keys(bucket):
        bucket.delete_object(Bucket="uploads", Key=key)
    assert hers.get(found["url"]).status_code == 404
    assert hers.client.head(found["url"]).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_sweep_finds_objects_without_a_row(bucket, hers):
    from datetime import timedelta

    from django.utils import timezone

    hers.brings("a.txt", b"hello")
    bucket.put_object(Bucket="uploads", Key="qwenchat/attachments/aa/orphan", Body=b"x")
    before = set(keys(bucket))
    assert sweep_storage(timezone.now() - timedelta(hours=1)) == 0
    assert sweep_storage(timezone.now() + timedelta(hours=1)) == 1
    assert before - set(keys(bucket)) == {"qwenchat/attachments/aa/orphan"}
