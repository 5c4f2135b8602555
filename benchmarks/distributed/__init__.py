"""How fast do processes talk through Redis, next to AutoGen's own distributed runtime?

Three processes on each side: ``redis-server``, a worker and a client, or the host of
``autogen-ext[grpc]``, a worker and a client. Both sides run the same agents and the same
work, whose every answer and every delivery is verified, and take turns round by round.
"""

from ._fleet import Fleet
from ._sides import SIDES, Side
from ._table import Figures, lines, measure

__all__ = ["SIDES", "Figures", "Fleet", "Side", "lines", "measure"]
