"""The ``actrio`` command: ``actrio migrate``, ``actrio demo`` and ``actrio dead``.

It needs the extra ``cli``. Only `main` is imported without it, and says so.
"""

from __future__ import annotations

import sys

__all__ = ["main"]

_NEEDED = {"click", "libcst"}


def main() -> None:
    """Run the command; the entry point of the script ``actrio``.

    Raises:
        SystemExit: With 0 for success; 2 for a wrong command line, or if the extra
            ``cli`` is not installed; otherwise with what the command says.
    """
    try:
        from ._commands import actrio
    except ModuleNotFoundError as exc:
        if exc.name not in _NEEDED:
            raise
        sys.stderr.write(
            f"the actrio command needs {exc.name}: pip install 'actrio[cli]'\n"
        )
        raise SystemExit(2) from None
    actrio()
