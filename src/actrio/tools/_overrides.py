"""Other names and descriptions for tools that are not ours to change."""

from collections.abc import Collection, Mapping

from ._schema import ToolOverride, ToolSchema

__all__ = ["originals", "overridden"]


def overridden(schema: ToolSchema, overrides: Mapping[str, ToolOverride]) -> ToolSchema:
    """Return the schema as a model sees it."""
    override = overrides.get(schema["name"])
    if override is None:
        return schema
    seen: ToolSchema = {**schema, "description": schema.get("description", "")}
    if override.name is not None:
        seen["name"] = override.name
    if override.description is not None:
        seen["description"] = override.description
    return seen


def originals(
    overrides: Mapping[str, ToolOverride], tools: Collection[str] = ()
) -> dict[str, str]:
    """Return for each name that a model sees instead the tool's own.

    Args:
        overrides: The overrides, by the tools' own names.
        tools: The names of all tools, as far as they are known.

    Raises:
        ValueError: If a name that a model sees would be that of two tools.
    """
    found: dict[str, str] = {}
    for own, override in overrides.items():
        name = override.name
        if not name or name == own:
            continue
        if name in tools:
            message = (
                f"Tool override name {name!r} conflicts with existing tool name: choose "
                f"a name for {own!r} that no tool has"
            )
            raise ValueError(message)
        if name in found:
            message = (
                f"Tool override name {name!r} is used by multiple tools, {found[name]!r} "
                f"and {own!r}: choose a name for each"
            )
            raise ValueError(message)
        found[name] = own
    return found
