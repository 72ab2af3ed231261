"""--rpc must be an endpoint of the venue's own chain."""

from __future__ import annotations

import pytest

from cli.options import OptionError, venue_chain
from tests.external import Chain
from tests.unit.sdk import samples

pytestmark = pytest.mark.integration


def test_an_endpoint_of_another_chain_is_refused(anvil: Chain) -> None:
    config = samples.config()
    with venue_chain(anvil.rpc_url, config.model_copy(update={"chain_id": 31_337})) as rpc:
        assert int(rpc.call("eth_chainId"), 16) == 31_337
    elsewhere = config.model_copy(update={"chain_id": 196})
    with (
        pytest.raises(OptionError, match=r"^--rpc: expected an endpoint of chain 196, the venue's, got 31337$"),
        venue_chain(anvil.rpc_url, elsewhere),
    ):
        pytest.fail("it was taken")
    with pytest.raises(OptionError, match=r"^--rpc: expected the URL"), venue_chain(None, config):
        pytest.fail("none was taken")
