"""What a runtime is a member of, and why it may be refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from .._redis import Servers
from ..exceptions import (
    NamespaceKeyInTheWay,
    NamespaceVersionUnknown,
    WorkerIdentityTaken,
)
from ._scripts import VERSION


@attrs.frozen
class Membership:
    """How a runtime is a member of its namespace."""

    servers: Servers
    prefix: str
    name: str
    """A name that no other may have at the same time; empty for none."""
    lease: float

    def check(self, reply: Sequence[Any]) -> None:
        """Raise if a reply of the server says that one cannot be a member.

        Raises:
            NamespaceVersionUnknown: If the namespace is of another version.
            WorkerIdentityTaken: If another runtime has this name.
            NamespaceKeyInTheWay: If a key is something else.
        """
        where = f"namespace {self.prefix} at {self.servers}"
        if reply[0] == b"V":
            message = (
                f"{where} is used by version {reply[1].decode()} of the protocol, and this "
                f"actrio speaks version {VERSION}; run one version of actrio in a "
                "namespace, or take another namespace"
            )
            raise NamespaceVersionUnknown(message)
        if reply[0] == b"N":
            message = (
                f"another runtime works under the name {self.name!r} in {where}; "
                "give each a name of its own, or none"
            )
            raise WorkerIdentityTaken(message)
        if reply[0] == b"T":
            message = (
                f"the key {reply[1].decode()!r} at {self.servers} holds something "
                "that is not of this namespace; delete it, or choose another namespace"
            )
            raise NamespaceKeyInTheWay(message)
