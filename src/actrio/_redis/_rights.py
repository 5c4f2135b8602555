"""What a user may do, asked before it is needed.

A right that is missing shows only when a script comes to the command, which may be much
later, and perhaps where nobody waits for the reply. Redis 6.2 does not even say which it
was. So all are tried at once, on a key that is gone in the same step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..exceptions import RedisRefused
from ._link import Link
from ._script import Script

RIGHTS: Final = Script("""
local missing, known = {}, {}
local function lacks(right)
  if not known[right] then missing[#missing + 1] = right end
  known[right] = true
end
for _, command in ipairs(ARGV) do
  local words = {}
  for word in command:gmatch('%S+') do words[#words + 1] = word end
  if words[2] then words[2] = KEYS[1] .. words[2] end
  local reply = redis.pcall(unpack(words))
  local found = type(reply) == 'table' and reply.err or ''
  if found:find("can't run this command") or found:find('permissions to run') then
    lacks('+' .. words[1]:lower())
  elseif found:find("can't access") or found:find('permissions to access') then
    lacks((words[1] == 'PUBLISH' and '&' or '~') .. words[2])
  end
end
return missing
""")
"""commands → the rights that are missing for them"""


async def check_rights(
    link: Link, prefix: str, commands: Sequence[str], whose: str
) -> None:
    """See whether the scripts may use all these commands.

    Args:
        link: The connection, to which `RIGHTS` was loaded.
        prefix: What all keys begin with, in braces.
        commands: What is tried, in turn, with arguments that do no harm. The second word
            comes behind the prefix: a key, or a channel. The last ones are to delete what
            the others leave.
        whose: Who needs that, for the message.

    Raises:
        RedisRefused: If some are missing, with their names.
    """
    missing = await link.run(RIGHTS, prefix, *commands)
    if missing:
        names = " ".join(one.decode() for one in missing)
        message = (
            f"{link.address} does not permit what {whose} needs under {prefix}: its user "
            f"lacks {names}; ACL SETUSER with these gives them"
        )
        raise RedisRefused(message)
