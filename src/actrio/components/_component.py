"""The bases of components, and the decorator that makes a component of any class."""

import inspect
import types
import warnings
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, RootModel

from ._dumping import ComponentToConfig, describe
from ._loading import (
    ComponentFromConfig,
    ComponentLoader,
    ComponentSchemaType,
    is_component_class,
)
from ._model import ComponentModel

__all__ = ["Component", "ComponentBase"]

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class ComponentBase(ComponentToConfig[ConfigT], ComponentLoader, Generic[ConfigT]):
    """The base of interfaces whose implementations are components."""


class _Constructor:
    """Shows how a component is made: `inspect` may look at ``__new__`` first, ours."""

    def __get__(self, component: object, owner: type[Any]) -> inspect.Signature:
        make: Any = owner.__init__
        if component is not None or make is object.__init__:
            name = "__signature__"
            raise AttributeError(name)
        signature = inspect.signature(make)
        _, *parameters = signature.parameters.values()
        return signature.replace(parameters=parameters)


class Component(
    ComponentFromConfig[ConfigT], ComponentSchemaType[ConfigT], Generic[ConfigT]
):
    """The base of a class whose objects can be written down and made again.

    The class derives from this and from `ComponentBase`, or from an interface that
    does. It says what kind of thing it is and what its config looks like, and goes both
    ways between an object and its config::

        from pydantic import BaseModel

        class GreetingConfig(BaseModel):
            words: str

        class Greeting(ComponentBase[GreetingConfig], Component[GreetingConfig]):
            component_type = "greeting"
            component_config_schema = GreetingConfig

            def __init__(self, words: str) -> None:
                self.words = words

            def _to_config(self) -> GreetingConfig:
                return GreetingConfig(words=self.words)

            @classmethod
            def _from_config(cls, config: GreetingConfig) -> "Greeting":
                return cls(config.words)

        model = Greeting("Good morning").dump_component()
        assert Greeting.load_component(model).words == "Good morning"

    As a decorator, ``@Component``, it makes a component of a class that has a method
    ``to_config()`` and is made from its config, by ``__init__(config)`` or by a class
    method ``from_config(config)``. ``to_config()`` returns a `ComponentModel`, a
    pydantic model or a mapping; the config is a dictionary, unless the class defines a
    ``component_config_schema``. The component type is the name of the class, unless it
    defines a ``component_type``.

    Warns:
        UserWarning: If a subclass lacks what makes it a component.
    """

    __signature__: ClassVar[_Constructor] = _Constructor()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Component:
            return _decorated(*args, **kwargs)  # type: ignore[return-value] # a class
        make = super().__new__
        if make is object.__new__ and cls.__init__ is not object.__init__:
            return make(cls)  # the arguments are for __init__
        return make(cls, *args, **kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not is_component_class(cls):
            message = (
                f"{cls.__qualname__} is no component: it must derive from ComponentBase "
                "as well, or from an interface that does"
            )
            warnings.warn(message, stacklevel=2)


class _AnyConfig(RootModel[dict[str, Any]]):
    """The schema of a decorated class that defines none."""


class _Decorated:
    """Goes between the public methods of a decorated class and the loader."""

    def dump_component(self: Any) -> ComponentModel:
        """Write the component down, for ``load_component`` to make it again.

        What ``to_config()`` says in a `ComponentModel` goes before what the class says.
        """
        given = self.to_config()
        if not isinstance(given, ComponentModel):
            return describe(self, lambda: _as_dict(given))
        said = given.model_dump(exclude_none=True, exclude={"config"})
        return describe(self, lambda: given.config).model_copy(update=said)

    @classmethod
    def _from_config(cls: Any, config: BaseModel) -> Any:
        given = config.root if isinstance(config, _AnyConfig) else config
        make = getattr(cls, "from_config", cls)
        return make(given)


def _as_dict(config: Any) -> dict[str, Any]:
    if isinstance(config, BaseModel):
        return config.model_dump(exclude_none=True)
    return dict(config)


def _decorated(cls: Any) -> type[Any]:
    """Return a subclass of ``cls``, under its name, that is a component."""
    if not isinstance(cls, type) or not callable(getattr(cls, "to_config", None)):
        message = (
            f"@Component on {cls!r}: it must be a class with a method to_config(); or "
            "make a class that derives from Component and ComponentBase"
        )
        raise TypeError(message)
    body = {
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "component_type": getattr(cls, "component_type", cls.__name__),
        "component_config_schema": getattr(cls, "component_config_schema", _AnyConfig),
    }
    bases = (cls, _Decorated, ComponentBase, Component)
    return types.new_class(cls.__name__, bases, exec_body=lambda ns: ns.update(body))
