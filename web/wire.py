"""From a request's bytes to a model of the SDK, and from a model to a response."""

from __future__ import annotations

from typing import TypeVar

from flask import Response, request
from gunicorn.http.errors import ParseException
from intendly_sdk.primitives import HexBytes
from pydantic import BaseModel
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

Model = TypeVar("Model", bound=BaseModel)
Bytes = TypeVar("Bytes", bound=HexBytes)


def body_as(model: type[Model]) -> Model:
    """The body as `model`, straight from its bytes. Raises pydantic's `ValidationError`, 413 and 415."""
    if not request.is_json:
        raise UnsupportedMediaType
    body = _body()
    # A chunked body is cut at the limit in silence.
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge
    return model.model_validate_json(body)


def _body() -> bytes:
    """The body's bytes. The server raises errors of its own where the client breaks the framing or goes away."""
    try:
        return request.get_data(cache=False)
    except HTTPException:
        raise
    except (ParseException, OSError, ValueError) as error:
        raise BadRequest from error


def query_as(model: type[Model]) -> Model:
    """The query string as `model`; of a parameter that is given twice the first counts."""
    return model.model_validate(request.args.to_dict())


def path_as(kind: type[Bytes], name: str, text: str) -> Bytes:
    """A part of the path as bytes. Raises pydantic's `ValidationError` that names it `name`."""
    try:
        return kind(text)
    except ValueError as error:
        problem = PydanticCustomError("hex_value", "{why}", {"why": str(error)})
        raise ValidationError.from_exception_data(
            name, [InitErrorDetails(type=problem, loc=(name,), input=text)]
        ) from None


def answer(model: BaseModel, status: int = 200) -> Response:
    """`model` as JSON."""
    return Response(model.model_dump_json(), status=status, content_type="application/json")
