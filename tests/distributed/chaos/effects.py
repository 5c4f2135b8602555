"""Effects in Redis, written so that double and stale ones can be counted.

They are beside the namespace: in keys that begin with ``{NAMESPACE}.``, in the same slot of
a cluster.
"""

from __future__ import annotations

from attrs import frozen

from actrio._redis import Script

APPLY = Script(
    """
    local P, call = KEYS[1], redis.call
    local agent, fence, id, run = unpack(ARGV)
    if call('SADD', P .. '.runs', run) == 1 then call('HINCRBY', P .. '.ran', id, 1) end
    if call('HGET', P .. ':a:' .. agent, 'f') ~= fence then
      call('INCR', P .. '.stale')
      return 0
    end
    local place = call('HGET', P .. '.done', id)
    if not place then
      place = call('HINCRBY', P .. '.count', agent, 1)
      call('HSET', P .. '.done', id, place)
    end
    return tonumber(place)
    """
)
"""Count for an agent, if its fence is still the newest; once for each message.

Agent, fence, id of the message, name of the run of its handler → the number, or 0 if the
fence is an old one. The runs are counted by themselves, as an effect without a fence would
be.
"""


@frozen
class Work:
    """A message: do something that can be counted."""

    id: str
    pause: float
    """For how many seconds the handler waits before."""


@frozen
class Errand:
    """A message: have another agent work."""

    work: Work
    key: str
    """The key of that agent."""


@frozen
class Worked:
    """The answer to it."""

    id: str
    agent: str
    place: int
    """The number that it has among the effects of the agent."""
