"""From a request's bytes to a model of the SDK, and from a model to a response."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from flask import Response, request
from gunicorn.http.errors import ParseException
from intendly_sdk.primitives import HexBytes
from pydantic import BaseModel, RootModel
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError, to_json
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from intendly.domain.errors import InvalidRequest
from web.current import request as current_request

Model = TypeVar("Model", bound=BaseModel)
Loose = TypeVar("Loose", bound=BaseModel)
Bytes = TypeVar("Bytes", bound=HexBytes)
_JSON: Final = "application/json"
_UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})


def _no_field_twice(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) == len(pairs):
        return
    seen = set[str]()
    for name, _ in pairs:
        if name in seen:
            raise InvalidRequest(f"{name[:60]}: expected once in its object, got twice", field=name[:60])
        seen.add(name)


# Numbers stay text: nothing is done with them, and a long one would be refused.
_TWICE: Final = json.JSONDecoder(object_pairs_hook=_no_field_twice, parse_int=str, parse_float=str)


def body_as(model: type[Model]) -> Model:
    """The body as `model`, straight from its bytes. Raises as `body_bytes` and `json_as`."""
    return json_as(model, body_bytes())


def json_as(model: type[Model], body: bytes) -> Model:
    """`body` as `model`. Raises pydantic's `ValidationError`, and `InvalidRequest` for a field that is given twice."""
    found = model.model_validate_json(body)
    # pydantic takes the last of two. Each field has its colon: where there is none more, nothing is there twice. Else
    # the standard library, which reads what pydantic has read, looks at the names.
    if body.count(b":") != _fields(found):
        _TWICE.decode(body.decode())
    return found


def either_as(good: type[Model], loose: type[Loose], body: bytes) -> Model | Loose:
    """`body` as `good`, in one go as nearly all are; if it is not, as `loose`, for a look at each member."""
    try:
        return json_as(good, body)
    except ValidationError:
        return json_as(loose, body)


def _fields(value: object) -> int:
    """How many fields were given in `value` and the models within."""
    if isinstance(value, RootModel):
        return _fields(value.root)
    if isinstance(value, BaseModel):
        return len(value.model_fields_set) + sum(map(_fields, value.__dict__.values()))
    return sum(map(_fields, value)) if isinstance(value, tuple) else 0


def members_as(model: type[Model], raw: Sequence[object], most: int, field: str) -> list[Model | ValidationError]:
    """Each of several, that may be one already, as `model`, or why it is none.

    Raises `InvalidRequest` for none at all and for too many.
    """
    if not 0 < len(raw) <= most:
        raise InvalidRequest(f"expected 1 to {most} members, got {len(raw)}", field=field)
    return [_member_as(model, one) for one in raw]


def _member_as(model: type[Model], raw: object) -> Model | ValidationError:
    if isinstance(raw, model):
        return raw
    try:
        return model.model_validate_json(to_json(raw))
    except ValidationError as error:
        return error


def body_bytes(max_bytes: int | None = None) -> bytes:
    """The body of a JSON request, up to `max_bytes` in the place of the usual limit. Raises 400, 413 and 415."""
    asked = current_request()
    if asked.content_type != _JSON and (
        not asked.is_json or asked.mimetype_params.get("charset", "utf-8").lower() not in _UTF_8
    ):
        raise UnsupportedMediaType
    if max_bytes is not None:
        asked.max_content_length = max_bytes
    try:
        body = asked.get_data(cache=False)
    except HTTPException:
        raise
    except (ParseException, OSError, ValueError) as error:  # the client broke the framing, or went away
        raise BadRequest from error
    # A chunked body is cut at the limit in silence.
    if asked.content_length is None and len(body) >= (asked.max_content_length or 0):
        raise RequestEntityTooLarge
    return body


def query_as(model: type[Model]) -> Model:
    """The query string, which web/queries.py has looked at, as `model`."""
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
    return Response(model.model_dump_json(), status=status, content_type=_JSON)
