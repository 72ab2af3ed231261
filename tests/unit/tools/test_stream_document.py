from __future__ import annotations

from tools import openapi, stream_document


def test_the_streams_document_is_what_the_sdk_reads() -> None:
    current = openapi.written(stream_document.generated())
    assert stream_document.STREAM.read_text() == current, "run make openapi, and commit docs/stream.json"
