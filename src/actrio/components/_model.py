"""A component as data."""

from typing import Any, Literal

from pydantic import BaseModel

__all__ = ["ComponentModel", "ComponentType"]

_Usual = Literal["model", "agent", "tool", "termination", "token_provider", "workbench"]
ComponentType = _Usual | str
"""What kind of thing a component is; any string will do."""


class ComponentModel(BaseModel):
    """A component as data: which class it is of, and what that class makes it from."""

    provider: str | None = None
    """The class, as ``module.Class``. None if the loader finds it by its type."""

    component_type: ComponentType | None = None
    """What kind of thing the component is. None for what the class says."""

    version: int | None = None
    """The version of this description. None for the current one."""

    component_version: int | None = None
    """The version of the class that wrote ``config``. None for the current one."""

    description: str | None = None
    """What the component is for."""

    label: str | None = None
    """A name for people."""

    config: dict[str, Any]
    """What the class makes the component from, in the form of its schema."""
