"""An S3-compatible place for the files that people send."""

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from storages.backends import s3


class S3Storage(s3.S3Storage):  # type: ignore[misc]
    """Speaks what all such servers understand, and keeps little of a file in memory."""

    client_config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=5,
        read_timeout=30,
    )
    transfer_config = TransferConfig(use_threads=False)  # each would hold a part of 8 MB
    max_memory_size = 1024 * 1024  # bytes of an opened file; the rest is on disk
