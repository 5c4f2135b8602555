"""What a runtime hosts: the server and the process know the same of it."""

from __future__ import annotations

import anyio
import pytest

from actrio import DefaultTopicId, TypeSubscription
from actrio.distributed._options import serializers_of as serializers
from actrio.exceptions import RedisReplyError

from .kit import ADDER, Add, Adder, Namespace, Sum

pytestmark = pytest.mark.anyio

IN_THE_WAY = "{%s}:t:adder"


async def test_a_type_that_the_server_refuses_is_not_registered(
    namespace: Namespace,
) -> None:
    """Neither here nor there, so that it can be registered again."""
    key = IN_THE_WAY % namespace.name
    subscriptions = [TypeSubscription("t", "adder")]
    with anyio.fail_after(10):
        async with namespace.runtime() as runtime:
            await namespace.execute("SET", key, "in the way")
            for _ in range(2):
                with pytest.raises(RedisReplyError, match="WRONGTYPE"):
                    await runtime.register_factory(
                        "adder", Adder, subscriptions=subscriptions
                    )
            await namespace.execute("DEL", key)
            await runtime.register_factory("adder", Adder, subscriptions=subscriptions)
            runtime.add_message_serializer(
                [one for cls in (Add, Sum) for one in serializers(cls)]
            )
            await runtime.publish_message(Add(1), DefaultTopicId("t", "k"))
            assert await runtime.send_message(Add(1), ADDER) == Sum(2)
