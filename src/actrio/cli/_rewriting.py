"""From ``autogen_core`` to ``actrio`` in the text of one module, and nothing else.

Only imports change, and the names that ``import autogen_core`` has bound. Strings,
comments and the layout stay as they are, byte for byte: libcst keeps them. What cannot
be migrated stays as well and becomes a finding.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import attrs
import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import (
    MetadataWrapper,
    PositionProvider,
    ScopeProvider,
)

from ._findings import Finding
from ._looking import Looking, line_of

OLD: Final = "autogen_core"
NEW: Final = "actrio"
_NEIGHBOURS: Final = ("autogen_agentchat", "autogen_ext")


@attrs.frozen
class Rewritten:
    """What became of one module."""

    data: bytes
    """The new text, in the encoding of the old one."""

    findings: Sequence[Finding]
    """In the order of their lines."""


def rewrite(data: bytes) -> Rewritten:
    """Migrate the text of one module.

    Raises:
        SyntaxError: If it is not Python. The message names line and column.
        UnicodeDecodeError: If it is not in the encoding that it declares, or in UTF-8.
        LookupError: If it declares an encoding that there is not.
    """
    if b"autogen_" not in data:
        return Rewritten(data, ())
    try:
        wrapper = MetadataWrapper(cst.parse_module(data), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as exc:
        raise SyntaxError(_where(data, exc)) from exc
    imports = _Imports(*_bound_names(wrapper))
    module = wrapper.visit(imports)
    findings = [*imports.findings]
    if module.bytes != data or imports.findings:
        looking = Looking(imports.names)
        wrapper.visit(looking)
        findings += looking.findings
    findings.sort(key=lambda finding: finding.line)
    return Rewritten(module.bytes, tuple(dict.fromkeys(findings)))


def _where(data: bytes, exc: cst.ParserSyntaxError) -> str:
    """Say what is wrong and where, in Python's words if it has any."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError) as known:
        line, column = getattr(known, "lineno", 0), getattr(known, "offset", 0)
        return f"line {line}, column {column}: {getattr(known, 'msg', known)}"
    return f"line {exc.editor_line}: {exc.message}"


def _bound_names(wrapper: MetadataWrapper) -> tuple[set[cst.Name], bool]:
    """Find the uses of the name that ``import autogen_core`` binds, scope by scope.

    Returns:
        The uses, and whether the program assigns to the name besides.
    """
    scopes = {one for one in wrapper.resolve(ScopeProvider).values() if one is not None}
    names: set[cst.Name] = set()
    is_assigned = False
    for scope in scopes:
        mine = [one for one in scope.assignments if one.name.split(".")[0] == OLD]
        imported = [
            one for one in mine if isinstance(getattr(one, "node", 0), cst.Import)
        ]
        is_assigned |= 0 < len(imported) < len(mine)
        for assignment in imported:
            for access in assignment.references:
                node: cst.CSTNode = access.node
                while isinstance(node, cst.Attribute):
                    node = node.value
                if isinstance(node, cst.Name) and node.value == OLD:
                    names.add(node)
    return (set(), True) if is_assigned else (names, False)


_AS_OLD: Final = cst.AsName(cst.Name(OLD))


class _Imports(cst.CSTTransformer):
    """Rewrites imports, and the names that they bind."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, bound: set[cst.Name], is_assigned: bool) -> None:
        super().__init__()
        self._bound = bound
        self._keeps_name = is_assigned
        self.findings: list[Finding] = []
        self.names: dict[str, str] = {}
        """What local names stand for, without the package: ``{"Id": "AgentId"}``."""

    def _find(self, node: cst.CSTNode, text: str) -> None:
        self.findings.append(Finding(line_of(self, node), text))

    def _find_extra(self, node: cst.CSTNode, module: str) -> None:
        missing = _missing_extra(module.replace(OLD, NEW, 1))
        if missing is not None:
            self._find(node, missing)

    def leave_Name(  # noqa: N802 - the name is libcst's
        self, original_node: cst.Name, updated_node: cst.Name
    ) -> cst.Name:
        """Rename a use of the package."""
        if original_node in self._bound:
            return updated_node.with_changes(value=NEW)
        return updated_node

    def leave_ImportAlias(  # noqa: N802
        self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias
    ) -> cst.ImportAlias:
        """Rewrite one name of an ``import`` statement."""
        module = get_full_name_for_node(original_node.name) or ""
        if module.split(".")[0] in _NEIGHBOURS:
            self._find(original_node, _about_neighbour(module))
        if module.split(".")[0] != OLD:
            return updated_node
        problem = _problem(module, None)
        if problem is not None:
            self._find(original_node, problem)
            return updated_node
        self._find_extra(original_node, module)
        renamed = updated_node.with_changes(name=_renamed(updated_node.name))
        if original_node.evaluated_alias is not None:
            whole = module.removeprefix(OLD).removeprefix(".")
            self.names[original_node.evaluated_alias] = whole
        self.names[OLD] = self.names[NEW] = ""
        if self._keeps_name and original_node.asname is None:
            if module != OLD:
                self._find(original_node, f"left as it is: {OLD} is assigned to, too")
                return updated_node
            return renamed.with_changes(asname=_AS_OLD)
        return renamed

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        """Leave what is inside of a ``from`` statement to `leave_ImportFrom`."""
        return False

    def leave_ImportFrom(  # noqa: N802
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        """Rewrite a ``from`` statement, if actrio has all of its names."""
        node = original_node
        module = (
            "" if node.module is None else get_full_name_for_node(node.module) or ""
        )
        top = module.split(".")[0]
        if node.relative or top not in (OLD, *_NEIGHBOURS):
            return updated_node
        if top in _NEIGHBOURS:
            self._find(node, _about_neighbour(module))
            return updated_node
        aliases = () if isinstance(node.names, cst.ImportStar) else node.names
        wanted = [alias.evaluated_name for alias in aliases]
        asked = [_problem(module, name) for name in (wanted or (None,))]
        problems = dict.fromkeys(problem for problem in asked if problem is not None)
        for problem in problems:
            self._find(node, problem)
        if problems:
            return updated_node
        self._find_extra(node, module)
        for alias in aliases:
            local = alias.evaluated_alias or alias.evaluated_name
            self.names[local] = alias.evaluated_name
        assert updated_node.module is not None
        return updated_node.with_changes(module=_renamed(updated_node.module))


def _renamed(name: cst.Attribute | cst.Name) -> cst.Attribute | cst.Name:
    if isinstance(name, cst.Name):
        return name.with_changes(value=NEW)
    assert isinstance(name.value, cst.Attribute | cst.Name)
    return name.with_changes(value=_renamed(name.value))


def _problem(module: str, name: str | None) -> str | None:
    """Say why actrio cannot stand in for an import, or None if it can."""
    whole = f"{module}.{name}" if name else module
    if any(part.startswith("_") for part in whole.split(".")):
        public = ""
        if name and name in (_names_of(NEW) or ()):
            public = f"; write `from {NEW} import {name}`"
        return f"left as it is: {whole} is private{public}"
    new = module.replace(OLD, NEW, 1)
    names = _names_of(new)
    if names is None:
        return f"left as it is: {NEW} has no {new.removeprefix(NEW + '.')} yet"
    if name and name not in names and _names_of(f"{new}.{name}") is None:
        return f"left as it is: {new} has no {name}"
    return None


@cache
def _names_of(module: str) -> frozenset[str] | None:
    """Return the names of a module of actrio, None if there is none."""
    try:
        return frozenset(dir(importlib.import_module(module)))
    except ModuleNotFoundError:
        return None
    except (
        ImportError
    ):  # an extra is missing here, which says nothing about the program
        return _names_in_source(module)


def _names_in_source(module: str) -> frozenset[str]:
    """Return what a module of actrio lists in ``__all__``, without importing it."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"{module} said which extra it needs"
    assert spec.origin is not None
    for node in ast.parse(Path(spec.origin).read_bytes()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return frozenset(ast.literal_eval(value))
            case _:
                pass
    return frozenset()


@cache
def _missing_extra(module: str) -> str | None:
    """Say what has to be installed for a module of actrio, None if nothing has."""
    try:
        importlib.import_module(module)
    except ImportError as exc:
        return str(exc)
    return None


def _about_neighbour(module: str) -> str:
    return (
        f"left as it is: {module} imports {OLD} by itself; docs/agentchat.md says how it "
        f"runs on {NEW}"
    )
