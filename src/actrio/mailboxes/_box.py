"""What waits in one mailbox: plain data, without anybody who waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from ._message import LANES, AgentMessage
from ._order import choose, count_passed, order

_LANE_OF: Final = {name: number for number, name in enumerate(LANES)}
_NORMAL: Final = _LANE_OF["normal"]
_NONE_PASSED: Final = (0,) * len(LANES)


class Box:
    """The messages of one mailbox, by priority."""

    def __init__(self, capacity: float) -> None:
        self.capacity = capacity
        self.size = 0
        self._lanes = tuple(deque[AgentMessage]() for _ in LANES)
        self._passed: Sequence[int] = _NONE_PASSED

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one message more."""
        return self.size >= self.capacity

    def put(self, message: AgentMessage) -> None:
        """Add a message behind the others of its priority."""
        self._lanes[_LANE_OF[message.priority]].append(message)
        self.size += 1

    def put_back(self, message: AgentMessage) -> None:
        """Add a message before the others of its priority, although there is no room."""
        self._lanes[_LANE_OF[message.priority]].appendleft(message)
        self.size += 1

    def remove(self, message: AgentMessage) -> bool:
        """Take back a message that was added; say whether it was still there."""
        lane = self._lanes[_LANE_OF[message.priority]]
        for index, other in enumerate(lane):
            if other is message:
                del lane[index]
                self.size -= 1
                return True
        return False

    def take(self) -> AgentMessage:
        """Return the next message, of those that are there."""
        self.size -= 1
        normal = self._lanes[_NORMAL]
        if len(normal) > self.size:  # as most of the time: there are no others
            self._passed = _NONE_PASSED
            return normal.popleft()
        waiting = [len(lane) for lane in self._lanes]
        number = choose(waiting, self._passed)
        waiting[number] -= 1
        self._passed = count_passed(number, waiting, self._passed)
        return self._lanes[number].popleft()

    def look(self) -> list[AgentMessage]:
        """Return all messages in the order in which `take` would, if none came."""
        lanes = [iter(lane) for lane in self._lanes]
        waiting = [len(lane) for lane in self._lanes]
        return [next(lanes[number]) for number in order(waiting, self._passed)]
