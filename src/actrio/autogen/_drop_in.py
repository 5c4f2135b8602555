"""The drop-in: actrio in the place of a package that need not be there.

Python asks the finders in `sys.meta_path` for each module that is imported for the first
time. Ours comes first, and makes modules that are named as autogen_core's and hold
nothing: each name is looked up in the module of actrio that stands in, when it is asked
for. So what needs an extra is imported when it is used, as in actrio itself.
"""

import importlib
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

from ..components._providers import CUSTOMS
from ._interleaved import SingleThreadedAgentRuntime
from ._names import THEIRS, target_of

__all__ = ["install"]

_VERSION: Final = "0.7.5"
"""The version of autogen_core whose API actrio has."""


class _StandIn(ModuleType):
    """A module of autogen_core whose names are those of a module of actrio."""

    def __init__(self, name: str, target: str) -> None:
        super().__init__(
            name, f"Stands in for {name}: its names are those of {target}."
        )
        self._target = target

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") and name != "__all__":
            message = f"module {self.__name__!r} has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        if name == SingleThreadedAgentRuntime.__name__ and self._target == "actrio":
            return SingleThreadedAgentRuntime
        try:
            return getattr(importlib.import_module(self._target), name)
        except AttributeError as exc:
            message = (
                f"module {self.__name__!r} has no attribute {name!r}: actrio stands in "
                f"for autogen_core {_VERSION}, and {self._target} has no such name"
            )
            raise AttributeError(message, name=name, obj=self) from exc

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(importlib.import_module(self._target))})


class _Loader(Loader):
    """Makes stand-ins; they need no code of their own."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        target = target_of(spec.name)
        assert target is not None
        return _StandIn(spec.name, target)

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == THEIRS:
            module.__version__ = _VERSION  # type: ignore[attr-defined]


class _Finder(MetaPathFinder):
    """Finds every module of autogen_core that actrio can stand in for."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        del path, target
        if target_of(fullname) is None:
            if fullname.startswith(f"{THEIRS}."):
                message = (
                    f"No module named {fullname!r}: actrio stands in for {THEIRS}, and "
                    "has nothing like this module; import from the public modules, or "
                    "use the adapter, actrio.autogen.AgentChatRuntime, with the real "
                    f"{THEIRS}"
                )
                raise ModuleNotFoundError(message, name=fullname)
            return None
        spec = ModuleSpec(fullname, _Loader(), origin="actrio", is_package=True)
        spec.submodule_search_locations = []
        return spec


def install(*, trusted_namespaces: Iterable[str] = ()) -> None:
    """Let ``import autogen_core`` give actrio, from now on and in this process.

    Call it before anything that imports autogen_core, at the very beginning of the
    program::

        import actrio.autogen

        actrio.autogen.install()

        from autogen_agentchat.teams import RoundRobinGroupChat

    autogen_core need not be installed; if it is, it is not used. Its public modules,
    and the private ones that others import public names from, hold the names of actrio:
    the same classes, except `SingleThreadedAgentRuntime
    <actrio.SingleThreadedAgentRuntime>`, which here handles all messages of an agent
    at once, as AgentChat needs it.

    Components are written down under autogen_core's names, so that AutoGen can read
    them. What they name is imported only from trusted packages, here as always; and as
    AgentChat loads the parts of a team itself, packages that hold parts of yours are
    named here. Calling it again only adds to these.

    Args:
        trusted_namespaces: Packages and modules that components may be imported from,
            beside actrio and autogen_*, such as ``["my_app"]``.

    Raises:
        TypeError: If ``trusted_namespaces`` is one string.
        RuntimeError: If the real autogen_core is imported already; nothing is changed.
    """
    if isinstance(trusted_namespaces, str):
        message = (
            f"trusted_namespaces={trusted_namespaces!r} must be a collection of names: "
            f"write [{trusted_namespaces!r}]"
        )
        raise TypeError(message)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        _check_absent()
        sys.meta_path.insert(0, _Finder())
    CUSTOMS.written_as = THEIRS
    CUSTOMS.namespaces = (*CUSTOMS.namespaces, *trusted_namespaces)


def _check_absent() -> None:
    present = sys.modules.get(THEIRS)
    if present is not None:
        where = getattr(present, "__file__", None) or "somewhere unknown"
        message = (
            f"{THEIRS} is imported already, from {where}, and its classes are in use: "
            "call actrio.autogen.install() at the beginning of the program, before "
            f"anything imports {THEIRS} or autogen_agentchat"
        )
        raise RuntimeError(message)
