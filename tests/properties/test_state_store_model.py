"""State stores against a plain dict, on both hosts and opened again at any time.

One machine drives each kind of store. Its tasks are one at a time; several at once are
in `tests/state/test_store.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from actrio.abc import StateStore, StoredState
from actrio.exceptions import StateConflict
from actrio.state import MemoryStateStore, SqliteStateStore
from actrio.testing import Host, run

from .settings import steps

T = TypeVar("T")

KEYS = st.sampled_from(["a/1", "a/2", "a/1/2", "b/1", "ä/%", "a/\0"])
STATES = st.fixed_dictionaries({"n": st.integers()})
STALENESS = st.sampled_from([None, 0, 0, 0, -1, 1])
"""How far off an expected version is; None: nothing is expected."""


class StoreMachine(RuleBasedStateMachine):
    """Saves, deletes, loads and lists at random."""

    kind: str

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store: StateStore = MemoryStateStore()
        if self.kind == "sqlite":
            self.store = SqliteStateStore(Path(self.folder.name) / "states.db")
        self.model: dict[str, StoredState] = {}
        self.last_version = 0
        self.host: Host = "trio"

    def teardown(self) -> None:
        self.folder.cleanup()

    def call(self, operation: Callable[[StateStore], Awaitable[T]]) -> T:
        """Open the store, do one thing, close it."""

        async def program() -> T:
            async with self.store as store:
                return await operation(store)

        return run(program, host=self.host)

    def expect(self, staleness: dict[str, int | None]) -> dict[str, int]:
        return {
            key: max(0, self.version(key) + stale)
            for key, stale in staleness.items()
            if stale is not None
        }

    def version(self, key: str) -> int:
        return self.model[key].version if key in self.model else 0

    def write(
        self,
        states: dict[str, dict[str, Any] | None],
        expected: dict[str, int],
        operation: Callable[[StateStore], Awaitable[int | None]],
    ) -> None:
        """Do it to the store, and then to the model, or to neither."""
        wrong = [key for key, want in expected.items() if want != self.version(key)]
        if wrong:
            with pytest.raises(StateConflict) as caught:
                self.call(operation)
            error = caught.value
            assert error.key == wrong[0]
            assert error.expected_version == expected[wrong[0]]
            assert error.version == self.version(wrong[0])
            return
        version = self.call(operation)
        if version is None:  # a delete
            version = self.last_version
        else:
            assert version > self.last_version
        self.last_version = version
        for key, state in states.items():
            if state is None:
                self.model.pop(key, None)
            else:
                self.model[key] = StoredState(key, state, version)

    @rule(host=st.sampled_from(["trio", "asyncio"]))
    def move(self, host: Host) -> None:
        self.host = host

    @rule(key=KEYS, state=STATES, stale=STALENESS)
    def save(self, key: str, state: dict[str, Any], stale: int | None) -> None:
        expected = self.expect({key: stale})
        self.write(
            {key: state},
            expected,
            lambda store: store.save(key, state, expected_version=expected.get(key)),
        )

    @rule(key=KEYS, stale=STALENESS)
    def delete(self, key: str, stale: int | None) -> None:
        expected = self.expect({key: stale})
        self.write(
            {key: None},
            expected,
            lambda store: store.delete(key, expected_version=expected.get(key)),
        )

    @rule(
        states=st.dictionaries(KEYS, STATES | st.none(), max_size=4),
        staleness=st.dictionaries(KEYS, STALENESS, max_size=2),
    )
    def save_all(
        self,
        states: dict[str, dict[str, Any] | None],
        staleness: dict[str, int | None],
    ) -> None:
        expected = self.expect(staleness)
        self.write(
            states,
            expected,
            lambda store: store.save_all(states, expected_versions=expected),
        )

    @rule(key=KEYS)
    def load(self, key: str) -> None:
        assert self.call(lambda store: store.load(key)) == self.model.get(key)

    @rule(prefix=st.sampled_from(["", "a", "a/", "a/1", "ä/", "c"]))
    def look(self, prefix: str) -> None:
        keys = sorted(key for key in self.model if key.startswith(prefix))
        assert self.call(lambda store: store.keys(prefix)) == keys
        states = self.call(lambda store: store.load_all(prefix))
        assert states == {key: self.model[key] for key in keys}
        assert list(states) == keys


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_store_agrees_with_a_dict(kind: str) -> None:
    """Whatever is saved, deleted and expected, a dict with versions says the same."""

    class Machine(StoreMachine):
        pass

    Machine.kind = kind
    run_state_machine_as_test(Machine, settings=steps)
