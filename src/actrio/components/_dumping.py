"""From a component to data."""

import warnings
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from ._model import ComponentModel, ComponentType
from ._providers import as_written, provider_of

__all__ = ["ComponentToConfig", "describe"]

ToConfigT = TypeVar("ToConfigT", bound=BaseModel, covariant=True)


class ComponentToConfig(Generic[ToConfigT]):
    """The half of a component that writes it down."""

    component_type: ClassVar[ComponentType]
    """What kind of thing the component is."""

    component_version: ClassVar[int] = 1
    """The version of the config. Raise it when older configs do not load any more."""

    component_provider_override: ClassVar[str | None] = None
    """The name to load the class by, if it is not the one where it is defined."""

    component_description: ClassVar[str | None] = None
    """What the component is for. None for the first paragraph of the docstring."""

    component_label: ClassVar[str | None] = None
    """A name for people. None for the name of the class."""

    def _to_config(self) -> ToConfigT:
        """Return the config that an equal component is made from.

        A method ``to_config``, if the class has one, is called instead.

        Raises:
            NotImplementedError: If the class has neither.
        """
        public = getattr(self, "to_config", None)
        if public is None:
            message = (
                f"{type(self).__qualname__} cannot be dumped: it has no _to_config()"
            )
            raise NotImplementedError(message)
        config: ToConfigT = public()
        return config

    def dump_component(self) -> ComponentModel:
        """Write the component down, for ``load_component`` to make it again.

        Warns:
            UserWarning: If the class would be loaded from a module whose name begins
                with ``_``; ``component_provider_override`` gives a better name.

        Raises:
            TypeError: If the class is local to a function, where nothing finds it.
            AttributeError: If the class has no ``component_type``.
            NotImplementedError: If the class has no ``_to_config``.
        """
        return describe(self, lambda: self._to_config().model_dump(exclude_none=True))


def describe(
    component: ComponentToConfig[Any], dump: Callable[[], dict[str, Any]]
) -> ComponentModel:
    """Return the component as data, with the config that ``dump`` gives."""
    cls = type(component)
    provider = component.component_provider_override
    if provider is None:
        provider = provider_of(cls)
        if "._" in provider:
            message = (
                f"provider {provider!r} names a private module, which may move: set "
                "component_provider_override to the name to load the class by"
            )
            warnings.warn(message, stacklevel=3)
    else:
        provider = as_written(provider)
    if "<locals>" in provider:
        message = (
            f"{provider} cannot be dumped: it is local to a function, where "
            "load_component() does not find it; move it to the top of a module"
        )
        raise TypeError(message)
    if not hasattr(component, "component_type"):
        message = f"{provider} cannot be dumped: set its class attribute component_type"
        raise AttributeError(message, name="component_type", obj=component)
    description = component.component_description
    if description is None and cls.__doc__:
        description = cls.__doc__.strip().partition("\n\n")[0].strip()
    return ComponentModel(
        provider=provider,
        component_type=component.component_type,
        version=component.component_version,
        component_version=component.component_version,
        description=description,
        label=component.component_label or cls.__name__,
        config=dump(),
    )
