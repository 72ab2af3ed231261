"""What a client that keeps to one OpenAPI document would trip over in a later one.

Compared are paths, operations, parameters, bodies, statuses and schemas, by the keywords that our document uses. What
clients send may not be held to more than before; what they get may not be less, or of another kind. A further value of
an enum, a further code of a problem, a further field in an answer and a further status are not breaking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
_METHODS: Final = ("get", "put", "post", "delete", "patch")
_LOWER_BOUNDS: Final = ("minimum", "minLength", "minItems")
_UPPER_BOUNDS: Final = ("maximum", "maxLength", "maxItems")
_ANY: Final = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def breaking(old: Schema, new: Schema) -> list[str]:
    """Each breaking difference: where, and what."""
    found: list[str] = []
    for path, methods in old["paths"].items():
        for method in (method for method in _METHODS if method in methods):
            place = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                found.append(f"{place}: removed")
            else:
                found += _Comparison(old, new).operation(place, methods[method], after)
    return found


def is_said(released: str, version: str) -> bool:
    """Whether the step from one version to the other may break: the first number, before 1.0.0 the second too."""
    before, after = (tuple(map(int, text.split("."))) for text in (released, version))
    return after[: 1 if before[0] else 2] > before[: 1 if before[0] else 2]


class _Comparison:
    """Of two documents. `takes` is about what clients send, otherwise it is what they get."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new

    def operation(self, place: str, old: Schema, new: Schema) -> list[str]:
        found = self._parameters(place, old, new)
        before, after = old.get("requestBody"), new.get("requestBody")
        if before is None and after is not None and after.get("required"):
            found.append(f"{place}: a body is required")
        if before is not None and after is not None:
            found += self._content(f"{place} body", before, after, takes=True)
        for status, answer in old["responses"].items():
            if status not in new["responses"]:
                found.append(f"{place}: status {status} removed")
            else:
                found += self._content(f"{place} {status}", answer, new["responses"][status], takes=False)
        return found

    def _parameters(self, place: str, old: Schema, new: Schema) -> list[str]:
        before, after = self._named(self._old, old), self._named(self._new, new)
        found = [f"{place}: parameter {name} removed" for name in before.keys() - after.keys()]
        for name, parameter in after.items():
            was = before.get(name, {})
            if parameter.get("required") and not was.get("required"):
                found.append(f"{place}: parameter {name} is required")
            if was:
                found += self.schema(f"{place} {name}", was["schema"], parameter["schema"], takes=True)
        return found

    @staticmethod
    def _named(document: Schema, operation: Schema) -> dict[str, Schema]:
        resolved = [_resolved(document, one) for one in operation.get("parameters", ())]
        return {f"{one['in']} {one['name']}": one for one in resolved}

    def _content(self, place: str, old: Schema, new: Schema, *, takes: bool) -> list[str]:
        found: list[str] = []
        for kind, media in old.get("content", {}).items():
            after = new.get("content", {}).get(kind)
            if after is None:
                found.append(f"{place}: {kind} removed")
            else:
                found += self.schema(place, media["schema"], after["schema"], takes=takes)
        return found

    def schema(self, place: str, old: Schema, new: Schema, *, takes: bool) -> list[str]:
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        if "anyOf" in old or "anyOf" in new:
            return self._alternatives(place, old, new, takes=takes)
        found = _kinds(place, old, new, takes=takes) + (_bounds(place, old, new) if takes else [])
        found += self._fields(place, old, new, takes=takes)
        if "items" in old and "items" in new:
            found += self.schema(f"{place}[]", old["items"], new["items"], takes=takes)
        for before, after in zip(old.get("allOf", ()), new.get("allOf", ()), strict=False):
            found += self.schema(place, before, after, takes=takes)
        return found

    def _alternatives(self, place: str, old: Schema, new: Schema, *, takes: bool) -> list[str]:
        before, after = old.get("anyOf", [old]), new.get("anyOf", [new])
        kept, among = (before, after) if takes else (after, before)
        found: list[str] = []
        for one in kept:
            pairs = [(one, other) if takes else (other, one) for other in among]
            tries = [self.schema(place, *pair, takes=takes) for pair in pairs]
            if [] not in tries:
                found += sorted(tries, key=len)[0]
        return found

    def _fields(self, place: str, old: Schema, new: Schema, *, takes: bool) -> list[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        found = [f"{place}.{name}: removed" for name in before if name not in after]
        if takes:
            found += [f"{place}.{name}: required" for name in sorted(now - was)]
        else:
            found += [f"{place}.{name}: may be missing" for name in sorted(was - now) if name in after]
        for name in (name for name in before if name in after):
            found += self.schema(f"{place}.{name}", before[name], after[name], takes=takes)
        return found


def _resolved(document: Schema, one: Schema) -> Schema:
    while "$ref" in one:
        target: Any = document
        for part in one["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        one = target
    return one


def _kinds(place: str, old: Schema, new: Schema, *, takes: bool) -> list[str]:
    before, after = _types(old), _types(new)
    kept = before <= after if takes else after <= before
    found = [] if kept else [f"{place}: was {_words(before)}, is {_words(after)}"]
    gone = [value for value in _values(old) if takes and _values(new) and value not in _values(new)]
    if takes and _values(new) and not _values(old):
        found.append(f"{place}: must be one of {_values(new)}")
    return [*found, *(f"{place}: {value!r} is no value any more" for value in gone)]


def _bounds(place: str, old: Schema, new: Schema) -> list[str]:
    lowest, highest = float("-inf"), float("inf")
    found = [f"{place}: {key} {new[key]}" for key in _LOWER_BOUNDS if new.get(key, lowest) > old.get(key, lowest)]
    found += [f"{place}: {key} {new[key]}" for key in _UPPER_BOUNDS if new.get(key, highest) < old.get(key, highest)]
    found += [f"{place}: {key} {new[key]}" for key in ("pattern", "format") if new.get(key) not in (None, old.get(key))]
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        found.append(f"{place}: no other field is allowed")
    return found


def _types(schema: Schema) -> frozenset[str]:
    kind = schema.get("type")
    found = _ANY if kind is None else frozenset([kind] if isinstance(kind, str) else kind)
    return found | {"integer"} if "number" in found else found


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _words(kinds: frozenset[str]) -> str:
    return "anything" if kinds == _ANY else " or ".join(sorted(kinds))
