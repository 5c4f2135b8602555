# mypy: ignore-errors
# The package is an argument, so nothing derived from it has a static type.
"""Cache stores and function calls."""

from ..common import refusal


async def store_keeps_the_last_value(core):
    """A store returns what was set, or the default."""
    store = core.InMemoryStore()
    seen = [store.get("a"), store.get("a", 1)]
    store.set("a", 2)
    store.set("a", None)
    return seen, store.get("a", 1), store.store


async def store_is_generic(core):
    """A store may say what it holds."""
    store = core.InMemoryStore[int]()
    store.set("a", 2)
    return store.get("a"), isinstance(store, core.CacheStore)


async def store_is_a_component(core):
    """A store is dumped without its values, and loaded by its provider."""
    store = core.InMemoryStore()
    store.set("a", 1)
    model = store.dump_component()
    loaded = core.CacheStore.load_component(model)
    by_name = core.CacheStore.load_component(
        {"provider": "autogen_core.InMemoryStore", "config": {}}
    )
    return (
        model.component_type,
        model.label,
        model.config,
        type(loaded) is core.InMemoryStore,
        type(by_name) is core.InMemoryStore,
        loaded.get("a"),
    )


async def interface_cannot_be_instantiated(core):
    """Get and set are abstract."""
    return refusal(TypeError, core.CacheStore)


async def function_call_is_a_record(core):
    """Three fields, nothing of which is checked."""
    call = core.FunctionCall("1", "no json", "f")
    return (
        call.id,
        call.arguments,
        call.name,
        repr(call).replace("'", ""),
        call == core.FunctionCall(id="1", arguments="no json", name="f"),
        call == core.FunctionCall("2", "no json", "f"),
        refusal(TypeError, lambda: core.FunctionCall("1", "{}")),
        refusal(TypeError, lambda: hash(call)),
    )


async def function_call_of_a_mapping(core):
    """The mapping is kept as it was given."""
    return core.FunctionCall("1", {"a": 1}, "f").arguments
