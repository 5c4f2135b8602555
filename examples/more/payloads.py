"""Messages as bytes: a dataclass, a protobuf message, and a type that nobody knows.

Run it (pip install 'actrio[protobuf]'):

    python examples/more/payloads.py

Output:

    Order as application/json: 26 bytes, True
    Duration as application/x-protobuf: 50 bytes, True
    nobody knows shop.Invoice, kept as it came: b'{}'
    Order.quantity: expected an integer, got 'two'
"""

from dataclasses import dataclass

import trio
from google.protobuf.duration_pb2 import Duration

from actrio import (
    JSON_DATA_CONTENT_TYPE,
    PROTOBUF_DATA_CONTENT_TYPE,
    UnknownPayload,
    try_get_known_serializers_for_type,
)
from actrio.exceptions import SerializationError
from actrio.serialization import SerializationRegistry


@dataclass
class Order:
    sku: str
    quantity: int


async def main() -> None:
    registry = SerializationRegistry()
    registry.add(try_get_known_serializers_for_type(Duration))
    registry.add(try_get_known_serializers_for_type(Order))

    for message in (Order("A-1", 2), Duration(seconds=90)):
        name = registry.type_name(message)
        for content_type in (JSON_DATA_CONTENT_TYPE, PROTOBUF_DATA_CONTENT_TYPE):
            if registry.is_registered(name, content_type):
                payload = registry.serialize(message, type_name=name, data_content_type=content_type)
                again = registry.deserialize(payload, type_name=name, data_content_type=content_type)
                print(f"{type(message).__name__} as {content_type}: {len(payload)} bytes, {again == message}")

    name = "shop.Invoice"
    unknown = registry.deserialize(b"{}", type_name=name, data_content_type=JSON_DATA_CONTENT_TYPE)
    assert isinstance(unknown, UnknownPayload)
    print(f"nobody knows {unknown.type_name}, kept as it came: {unknown.payload!r}")

    name = registry.type_name(Order("A-1", 2))
    payload = b'{"sku": "A-1", "quantity": "two"}'
    try:
        registry.deserialize(payload, type_name=name, data_content_type=JSON_DATA_CONTENT_TYPE)
    except SerializationError as exc:
        print(exc)


if __name__ == "__main__":
    trio.run(main)
