"""A runtime over TLS, which a proxy in front of the server ends."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from tests._redis.test_tls import Proxy, authority, trusting

from actrio.exceptions import RedisUnreachable
from actrio.testing import RedisServer

from .kit import ADDER, Add, Namespace, Sum, cut

pytestmark = pytest.mark.anyio


async def test_with_certificates(server: RedisServer, namespace: Namespace) -> None:
    """Requests, answers and states cross, and the connection comes back when it is cut."""
    async with Proxy(server).open() as proxy:
        place = Namespace(proxy.url, namespace.name)
        async with place.pair(tls=trusting(authority)) as (client, worker):
            assert proxy.url in repr(client)
            assert await client.send_message(Add(1), ADDER) == Sum(1)
            await worker.passivate(ADDER)
            await cut(client, worker)
            assert await client.send_message(Add(1), ADDER) == Sum(2)
        assert len(proxy.versions) > 2
        assert set(proxy.versions) == {"TLSv1.3"}


@pytest.mark.slow
async def test_certificates_named_in_the_url(
    server: RedisServer, namespace: Namespace, tmp_path: Path
) -> None:
    """``ssl_ca_certs`` says whom to believe."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    async with Proxy(server).open() as proxy:
        url = f"{proxy.url}?ssl_ca_certs={path}"
        async with Namespace(url, namespace.name).pair() as (client, _):
            assert await client.send_message(Add(1), ADDER) == Sum(1)


async def test_an_unknown_authority(server: RedisServer, namespace: Namespace) -> None:
    """It says that, and with whom there is no connection."""
    async with Proxy(server).open() as proxy:
        place = Namespace(proxy.url, namespace.name)
        with pytest.raises(RedisUnreachable, match="no TLS connection to rediss://"):
            async with place.runtime(tls=trusting(trustme.CA())):
                pytest.fail("it is open")
