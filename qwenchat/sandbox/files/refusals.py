"""What the service says about files it doesn't take, doesn't know or can't read.

Source: the service's notes, "qwen-long", which give the texts; where only the fact is documented,
quotas and purposes, the wording is ours.
"""

from __future__ import annotations

from qwenchat.sandbox.refusals import Failure

_CODE = "invalid_parameter_error"

PARSING = Failure(400, _CODE, "File parsing in progress, please try again later.")
TIMED_OUT = Failure(400, "InvalidParameter.FileProcessingTimeout", "file processing timeout")
TOO_MANY_NAMED = Failure(400, _CODE, "Too many files provided.")
NO_FILE = Failure(400, "InvalidParameter.FileUploadListEmpty", "upload list is empty")


def invalid_file(file_id: str) -> Failure:
    return Failure(400, _CODE, f"Invalid file [id:{file_id}].")


def deleted(file_id: str) -> Failure:
    return Failure(400, _CODE, f"File [id:{file_id}] cannot be found.")


def not_found(file_id: str) -> Failure:
    return Failure(404, "not_found", f"File [id:{file_id}] cannot be found.")


def unsupported(file: str) -> Failure:
    """`file` is "id:..." in a question and "name:..." at the upload, when there is no id yet."""
    return Failure(400, _CODE, f"File [{file}] format is not supported.")


def oversized(file: str) -> Failure:
    return Failure(400, _CODE, f"File [{file}] exceeds size limit.")


def blank(file: str) -> Failure:
    return Failure(400, _CODE, f"File [{file}] content blank.")


def too_many_pages(file: str, limit: int) -> Failure:
    return Failure(400, _CODE, f"File [{file}] exceeds page limits ({limit} pages).")


def unreadable(file: str) -> Failure:
    message = f"File [{file}] file parsing failed."
    return Failure(400, "InvalidParameter.FileParsingFailed", message)


def unknown_purpose(purpose: str, purposes: tuple[str, ...]) -> Failure:
    return Failure(400, _CODE, f"{purpose} is not one of {list(purposes)} - 'purpose'")


def too_many_stored(limit: int) -> Failure:
    return Failure(400, _CODE, f"The number of stored files exceeds the limit of {limit}.")


def storage_full(limit_bytes: int) -> Failure:
    return Failure(400, _CODE, f"Stored files exceed the limit of {limit_bytes} bytes in total.")
