"""Objects that are written down as data and made again from it."""

from ._component import Component, ComponentBase
from ._dumping import ComponentToConfig
from ._loading import (
    ComponentFromConfig,
    ComponentLoader,
    ComponentSchemaType,
    is_component_class,
    is_component_instance,
)
from ._model import ComponentModel, ComponentType

__all__ = [
    "Component",
    "ComponentBase",
    "ComponentFromConfig",
    "ComponentLoader",
    "ComponentModel",
    "ComponentSchemaType",
    "ComponentToConfig",
    "ComponentType",
    "is_component_class",
    "is_component_instance",
]
