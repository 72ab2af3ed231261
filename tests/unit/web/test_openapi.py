"""The API's document: every route is in it, it is the committed one, its examples are really signed."""

from __future__ import annotations

import copy
import json
import tomllib
from typing import Any

import pytest
from flask import Flask
from intendly_sdk.messages import Cancel, CancelReceipt, Event, Receipt, SignedBid, SignedIntent
from intendly_sdk.signatures import recover
from intendly_sdk.typed_data import cancel_digest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from intendly.domain import errors
from intendly.domain.intent_rules import check_fields
from tests.unit.domain.test_intent import MARKET, RULES, intent
from tools import openapi
from tools.openapi_changes import breaking, is_said
from web import stream_events
from web.app import add_routes
from web.openapi.document import VERSION, document
from web.openapi.examples import DOMAIN, RECEIPTS, SOLVER, SWAPPER
from web.problems import problem_of
from web.stream_query import LAST, EventsQuery


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    return openapi.generated()


def test_it_is_openapi_3_1(generated: dict[str, Any]) -> None:
    validate(generated, cls=OpenAPIV31SpecValidator)


def test_a_route_that_nobody_described_has_no_document() -> None:
    app = Flask("web", static_folder=None)
    add_routes(app)
    app.add_url_rule("/api/v1/secrets", "api.secrets.find", lambda: "")
    with pytest.raises(KeyError, match=r"secrets\.find"):
        document(app, 500, "ws://stream.example/api/v1/stream")


def test_an_action_is_not_taken_for_an_intent() -> None:
    app = Flask("web", static_folder=None)
    add_routes(app)
    with app.test_client() as client:
        assert client.options("/api/v1/intents/batch").allow == {"POST", "OPTIONS"}
        assert client.get("/api/v1/intents/batch").status_code == 405
        assert client.options("/api/v1/intents/0x12").allow == {"GET", "HEAD", "OPTIONS"}


def test_the_committed_one_is_the_generated_one(generated: dict[str, Any]) -> None:
    assert openapi.CURRENT.read_text() == openapi.written(generated), "run make openapi, and commit docs/openapi.json"


def test_what_breaks_clients_is_said_by_the_version(generated: dict[str, Any]) -> None:
    released = json.loads(openapi.RELEASED.read_text())
    found = breaking(released, generated)
    said = is_said(released["info"]["version"], VERSION)
    assert found == [] or said, f"breaks clients of {released['info']['version']}; move VERSION on, or mend: {found}"


def test_it_has_the_products_version() -> None:
    assert tomllib.loads((openapi.ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_every_operation_says_what_it_does_and_refuses(generated: dict[str, Any]) -> None:
    for path, methods in generated["paths"].items():
        for method, operation in methods.items():
            place = f"{method} {path}"
            assert operation["summary"], place
            assert {"422", "500", "503"} <= operation["responses"].keys(), place
            # Websocket-server counts connections, not requests.
            assert ("429" in operation["responses"]) == (path != stream_events.PATH), place
            if method == "post":
                assert {"400", "408", "413", "415", "422"} <= operation["responses"].keys(), place


def test_a_code_that_it_names_is_one_of_ours(generated: dict[str, Any]) -> None:
    known = {one.code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.VenueError)}
    known |= {
        "bad_request",
        "malformed_json",
        "request_timeout",
        "body_too_large",
        "unsupported_media_type",
        "uri_too_long",
        "headers_too_large",
        "internal",
    }
    for methods in generated["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for media in answer["content"].values():
                    parts = media["schema"].get("allOf", ())
                    codes = [
                        code for part in parts for code in part.get("properties", {}).get("code", {"enum": []})["enum"]
                    ]
                    assert set(codes) <= known


def test_server_sent_events_are_told_with_the_server_that_has_them() -> None:
    app = Flask("web", static_folder=None)
    add_routes(app)
    operation = document(app, 500, "wss://stream.example/api/v1/stream")["paths"][stream_events.PATH]["get"]
    assert [server["url"] for server in operation["servers"]] == ["https://stream.example"]
    parameters = {(one["in"], one["name"]): one for one in operation["parameters"] if "name" in one}
    assert parameters.keys() == {("query", name) for name in EventsQuery.model_fields} | {("header", LAST)}
    for name in ("intents", "swappers"):
        assert parameters["query", name]["explode"] is False, "separated by commas"
    (media,) = operation["responses"]["200"]["content"].items()
    assert media[0] == "text/event-stream"
    hello, event, _ = media[1]["examples"]["heard"]["value"].split("\n\n")
    assert "\nevent: hello\n" in hello
    cursor, data = event.split("\n")
    assert f"id: {Event.model_validate_json(data.removeprefix('data: ')).cursor}" == cursor


def test_the_examples_are_signed(generated: dict[str, Any]) -> None:
    signed = SignedIntent.model_validate_json(_sent(generated, "/api/v1/intents"))
    assert recover(signed.intent.hash, signed.signature) == signed.intent.swapper == SWAPPER.address
    bid = SignedBid.model_validate_json(_sent(generated, "/api/v1/bids"))
    assert recover(bid.bid.hash(DOMAIN), bid.signature, allow_high_s=False) == bid.bid.solver == SOLVER.address
    cancel = Cancel.model_validate_json(_sent(generated, "/api/v1/intents/{intent_hash}/cancel"))
    assert recover(cancel_digest(signed.intent.hash, DOMAIN), cancel.signature) == SWAPPER.address
    receipt = Receipt.model_validate_json(_got(generated, "/api/v1/intents", "202", "Receipt"))
    assert recover(receipt.digest(DOMAIN), receipt.signature) == RECEIPTS.address
    told = _got(generated, "/api/v1/intents/{intent_hash}/cancel", "200", "CancelReceipt")
    cancelled = CancelReceipt.model_validate_json(told)
    assert recover(cancelled.digest(DOMAIN), cancelled.signature) == RECEIPTS.address
    assert cancelled.intent_hash == receipt.intent_hash == signed.intent.hash


def test_a_request_says_what_is_held_to(generated: dict[str, Any]) -> None:
    schemas = generated["components"]["schemas"]
    fields = schemas["Intent"]["properties"]
    assert fields["swapper"]["format"] == "eip55-address"
    assert fields["amount_in"]["format"] == "uint256"
    assert schemas["Bid"]["properties"]["penalty"]["default"] == "0"
    assert schemas["SignedBid"]["properties"]["data"]["maxLength"] == 2 + 2 * 16_384
    batch = generated["paths"]["/api/v1/intents/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (batch["properties"]["intents"]["minItems"], batch["properties"]["intents"]["maxItems"]) == (1, 500)


def test_an_answer_may_come_to_have_more_fields_and_a_request_has_none(generated: dict[str, Any]) -> None:
    schemas = generated["components"]["schemas"]
    closed = {name for name, schema in schemas.items() if schema.get("additionalProperties") is False}
    assert closed == {"Bid", "Cancel", "Intent", "Leg", "QuoteRequest", "SignedBid", "SignedIntent"}
    more = copy.deepcopy(generated)
    more["components"]["schemas"]["Receipt"]["additionalProperties"] = False
    assert breaking(more, generated) == [], "an answer that is opened breaks nobody"


def test_the_examples_refusal_is_what_the_rule_says(generated: dict[str, Any]) -> None:
    with pytest.raises(errors.AmountInvalid) as refused:
        check_fields(intent(amount_in=0), RULES, MARKET)
    told = _got(generated, "/api/v1/intents/batch", "200", "IntentOutcomes")
    assert json.loads(told)["outcomes"][1]["problem"] == problem_of(refused.value).model_dump(mode="json")


def test_the_same_is_written_again(generated: dict[str, Any]) -> None:
    assert openapi.written(openapi.generated()) == openapi.written(generated)


def _sent(found: dict[str, Any], path: str) -> str:
    content = found["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    return json.dumps(content["examples"]["one"]["value"])


def _got(found: dict[str, Any], path: str, status: str, name: str) -> str:
    content = found["paths"][path]["post"]["responses"][status]["content"]["application/json"]
    return json.dumps(content["examples"][name]["value"])
