"""From data to a component."""

import warnings
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Generic, Self, TypeGuard, TypeVar, overload

from pydantic import BaseModel, ValidationError

from ._dumping import ComponentToConfig
from ._model import ComponentModel
from ._providers import Known, find_class, provider_of

__all__ = [
    "ComponentFromConfig",
    "ComponentLoader",
    "ComponentSchemaType",
    "is_component_class",
    "is_component_instance",
]

ConfigT = TypeVar("ConfigT", bound=BaseModel)
FromConfigT = TypeVar("FromConfigT", bound=BaseModel, contravariant=True)
ExpectedT = TypeVar("ExpectedT")


class ComponentFromConfig(Generic[FromConfigT]):
    """The half of a component that makes it from its config."""

    @classmethod
    def _from_config(cls, config: FromConfigT) -> Self:
        """Make a component of this config.

        A class method ``from_config``, if the class has one, is called instead.

        Raises:
            NotImplementedError: If the class has neither.
        """
        public = getattr(cls, "from_config", None)
        if public is None:
            message = f"{cls.__qualname__} cannot be loaded: it has no _from_config()"
            raise NotImplementedError(message)
        component: Self = public(config)
        return component

    @classmethod
    def _from_config_past_version(cls, config: dict[str, Any], version: int) -> Self:
        """Make a component of a config that an older version of the class has written.

        Args:
            config: The config as it was written; the schema has not seen it.
            version: The ``component_version`` of the class then.

        Raises:
            NotImplementedError: If the class does not load older configs.
        """
        message = f"{cls.__qualname__} has no _from_config_past_version()"
        raise NotImplementedError(message)


class ComponentSchemaType(Generic[ConfigT]):
    """The part of a component that says what its config looks like."""

    component_config_schema: type[ConfigT]
    """The pydantic model of the config."""

    required_class_vars: ClassVar[Sequence[str]] = (
        "component_config_schema",
        "component_type",
    )
    """What a class must define to be loaded."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if f"{cls.__module__}.".startswith(f"{__package__}."):
            return  # not a component yet, but a base of them
        for name in cls.required_class_vars:
            if not hasattr(cls, name):
                message = f"{cls.__qualname__} is no component: it must define {name}"
                warnings.warn(message, stacklevel=2)


# What the loads around this one vouch for: a component makes its parts from parts of
# its own config, by loads in its `_from_config`, to which nobody can pass an argument.
_known: ContextVar[Known] = ContextVar("actrio_known_components", default=Known())  # noqa: B039 - frozen


class ComponentLoader:
    """What loads components; call it on this class or on the class that is expected."""

    @overload
    @classmethod
    def load_component(
        cls,
        model: ComponentModel | Mapping[str, Any],
        expected: None = None,
        *,
        components: Iterable[type[Any]] = (),
        trusted_namespaces: Iterable[str] = (),
    ) -> Self: ...
    @overload
    @classmethod
    def load_component(
        cls,
        model: ComponentModel | Mapping[str, Any],
        expected: type[ExpectedT],
        *,
        components: Iterable[type[Any]] = (),
        trusted_namespaces: Iterable[str] = (),
    ) -> ExpectedT: ...
    @classmethod
    def load_component(
        cls,
        model: ComponentModel | Mapping[str, Any],
        expected: type[ExpectedT] | None = None,
        *,
        components: Iterable[type[Any]] = (),
        trusted_namespaces: Iterable[str] = (),
    ) -> Self | ExpectedT:
        """Make a component of what ``dump_component`` has written.

        The class is imported by its provider, if that is in ``actrio``, in ``autogen_*``
        or in a trusted namespace. A class that the caller names, by calling this on it
        or in ``expected`` or ``components``, is always trusted. The components inside
        of a component are loaded with the same ``components`` and
        ``trusted_namespaces``.

        Args:
            model: The component as data.
            expected: The class that it must be an instance of; None for the class on
                which this is called.
            components: Classes that may be made. A model without a provider is made
                by the one class named here whose ``component_type`` it has.
            trusted_namespaces: Packages and modules that may be imported, such as
                ``["my_app"]``.

        Raises:
            pydantic.ValidationError: If ``model`` is no component model, or its config
                does not fit the schema of the class. A `ValueError`.
            ValueError: If the provider is no dotted name, or is missing and the
                component type does not tell the class.
            UntrustedProvider: If the provider is not trusted. A `ValueError`.
            ModuleNotFoundError: If there is no such module.
            AttributeError: If there is no such class in it, or it lacks
                ``component_type`` or ``component_config_schema``.
            TypeError: If it is no component class, or not what is expected.
            NotImplementedError: If the config is of an older version that the class
                does not load.
        """
        described = (
            model
            if isinstance(model, ComponentModel)
            else ComponentModel.model_validate(model)
        )
        wanted = cls if expected is None else expected
        with _vouching(components, trusted_namespaces) as known:
            named = [one for one in (wanted, cls) if is_component_class(one)]
            found = find_class(described, known.extended(named, ()))
            component_class = _checked(found, wanted)
            component = _made(component_class, described)
        if not isinstance(component, wanted):
            raise TypeError(_unexpected(component_class, type(component), wanted))
        return component


class ConcreteComponent(
    ComponentFromConfig[ConfigT],
    ComponentSchemaType[ConfigT],
    ComponentToConfig[ConfigT],
    ComponentLoader,
    Generic[ConfigT],
):
    """What type checkers know about a component of any class."""


def is_component_class(cls: type) -> TypeGuard[type[ConcreteComponent[BaseModel]]]:
    """Say whether objects of the class can be dumped and loaded."""
    return (
        issubclass(cls, ComponentFromConfig)
        and issubclass(cls, ComponentToConfig)
        and issubclass(cls, ComponentSchemaType)
        and issubclass(cls, ComponentLoader)
    )


def is_component_instance(cls: Any) -> TypeGuard[ConcreteComponent[BaseModel]]:
    """Say whether the object, in spite of its name in the signature, is a component."""
    return is_component_class(cls.__class__)


@contextmanager
def _vouching(
    components: Iterable[object], namespaces: Iterable[str]
) -> Generator[Known]:
    """Add to what is known, for this load and those inside it."""
    classes = [_component_class(one) for one in components]
    if isinstance(namespaces, str):
        message = (
            f"trusted_namespaces={namespaces!r} must be a collection of names: "
            f"write [{namespaces!r}]"
        )
        raise TypeError(message)
    known = _known.get().extended(classes, namespaces)
    token = _known.set(known)
    try:
        yield known
    finally:
        _known.reset(token)


def _checked(found: object, wanted: type[Any]) -> type[ConcreteComponent[BaseModel]]:
    """Return what the provider named, if components can be made by it."""
    cls = _component_class(found)
    for name in cls.required_class_vars:
        if not hasattr(cls, name):
            message = f"{provider_of(cls)} cannot be loaded: set its attribute {name}"
            raise AttributeError(message, name=name, obj=cls)
    # Before it is made, since making it may do something.
    if not issubclass(cls, wanted):
        raise TypeError(_unexpected(cls, cls, wanted))
    return cls


def _component_class(found: object) -> type[ConcreteComponent[BaseModel]]:
    if isinstance(found, type):
        cls: type[Any] = found
        if is_component_class(cls):
            return cls
    message = (
        f"{found!r} is no component class: it must derive from actrio.Component and "
        "actrio.ComponentBase"
    )
    raise TypeError(message)


def _unexpected(component_class: type[Any], made: type[Any], wanted: type[Any]) -> str:
    return (
        f"Expected type does not match: {provider_of(component_class)} makes "
        f"{made.__qualname__}, not {wanted.__qualname__}; call load_component() on an "
        "interface that it has, or pass that as 'expected'"
    )


def _made(
    component_class: type[ConcreteComponent[BaseModel]], model: ComponentModel
) -> object:
    """Make the component, of a config of this or of an older version."""
    current = component_class.component_version
    version = model.component_version or current
    if version < current:
        try:
            return component_class._from_config_past_version(model.config, version)  # noqa: SLF001 - a name of the mirrored API
        except NotImplementedError as exc:
            message = (
                f"{provider_of(component_class)} is at version {current} and cannot "
                f"load a config of version {version}: implement "
                "_from_config_past_version(), or write the config anew"
            )
            raise NotImplementedError(message) from exc
    schema = component_class.component_config_schema  # pyright: ignore[reportGeneralTypeIssues] # a class variable, which may not be generic
    try:
        config = schema.model_validate(model.config)
    except ValidationError as exc:
        exc.add_note(
            f"The config of {provider_of(component_class)} must fit "
            f"{schema.__qualname__}; correct it, or give the component_version that "
            "has written it"
        )
        raise
    return component_class._from_config(config)  # noqa: SLF001 - the same
