"""The schemas of the API's document, from the models that parse and write the bytes."""

from __future__ import annotations

from typing import Any

from intendly_sdk.messages import Problem
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema

from web.openapi.examples import examples
from web.openapi.operations import OPERATIONS, Body

Schema = dict[str, Any]


class Generator(GenerateJsonSchema):
    """pydantic's, with defaults as the wire has them, and without a title that repeats the field's name."""

    def default_schema(self, schema: WithDefaultSchema) -> Schema:
        told = super().default_schema(schema)
        if told.get("type") == "string" and isinstance(told.get("default"), int):
            told["default"] = str(told["default"])
        return told

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


class Schemas:
    """The messages' schemas, as requests and as answers have them, and an example of each."""

    def __init__(self, batch_max: int) -> None:
        wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
        for one in OPERATIONS.values():
            bodies = (one.body.one, one.body.several) if one.body else ()
            wanted += [(model, "validation") for model in bodies if model is not None]
            wanted += [(model, "serialization") for _, models in one.answers.values() for model in models]
        refs, whole = models_json_schema(
            wanted, schema_generator=Generator, ref_template="#/components/schemas/{model}"
        )
        self.definitions: Schema = dict(sorted(whole["$defs"].items()))
        taken = models_json_schema([one for one in wanted if one[1] == "validation"], schema_generator=Generator)[1]
        for name in self.definitions.keys() - taken["$defs"].keys():
            _open(self.definitions[name])
        self._refs = refs
        self._batch_max = batch_max
        self._examples = examples()

    def request(self, body: Body) -> Schema:
        """The media type of a request's body."""
        schema: Schema = {}
        told: dict[str, Schema] = {}
        if body.one is not None:
            schema = self._refs[body.one, "validation"]
            told["one"] = {"value": self._example(body.one)}
        if body.several is not None:
            several = self._several(body.several, body.within)
            schema = {"anyOf": [schema, several]} if schema else several
            members = [self._example(body.several)]
            told["several"] = {"value": {body.within: members} if body.within else members}
        return {"schema": schema, "examples": told}

    def answer(self, models: tuple[type[BaseModel], ...]) -> Schema:
        """The media type of an answer's body."""
        refs = [self._refs[model, "serialization"] for model in models]
        told = {model.__name__: {"value": self._example(model)} for model in models}
        return {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}, "examples": told}

    def problem(self, status: int, codes: list[str]) -> Schema:
        """The media type of a problem of one of `codes`."""
        told = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
        return {"schema": {"allOf": [self._refs[Problem, "serialization"], told]}}

    def _several(self, model: type[BaseModel], within: str) -> Schema:
        members = {
            "type": "array",
            "minItems": 1,
            "maxItems": self._batch_max,
            "items": {
                "anyOf": [
                    self._refs[model, "validation"],
                    {"description": "anything else: its own outcome is the problem that it would get alone"},
                ]
            },
        }
        if not within:
            return members
        return {"type": "object", "properties": {within: members}, "required": [within], "additionalProperties": False}

    def _example(self, model: type[BaseModel]) -> Any:
        return self._examples[model].model_dump(mode="json")


def _open(schema: Schema) -> None:
    """An answer's object may come to have more fields; what is signed, and so what is sent too, stays as it is."""
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]


def query_parameters(model: type[BaseModel] | None) -> list[Schema]:
    """What a query takes; a list in it is separated by commas."""
    if model is None:
        return []
    whole = model.model_json_schema(schema_generator=Generator)
    required = whole.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _given(schema), **_form(schema)}
        for name, schema in whole["properties"].items()
    ]


def _form(schema: Schema) -> Schema:
    return {"style": "form", "explode": False} if schema.get("type") == "array" else {}


def _given(schema: Schema) -> Schema:
    """The schema of a parameter's text: a null is a parameter that is not there."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    return kinds[0] if kinds else schema
