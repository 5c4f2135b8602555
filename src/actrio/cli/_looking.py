"""Looks through a module for uses that behave differently on actrio."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import CodeRange, PositionProvider

from ._findings import (
    ANY_METHODS,
    BASES,
    CALLS,
    KEYWORDS,
    METHODS,
    TEXTS,
    Finding,
    Rule,
)

_PACKAGES = {
    "code_executor",
    "exceptions",
    "logging",
    "memory",
    "model_context",
    "models",
    "tool_agent",
    "tools",
    "utils",
}
_RUNTIMES = {"SingleThreadedAgentRuntime", "AgentRuntime"}


class Looking(cst.CSTVisitor):
    """Applies the rules of `_findings` to one module.

    Args:
        names: What local names stand for; see `_rewriting`.
    """

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names
        self._runtimes: set[str] = {"runtime", "self.runtime", "self._runtime"}
        self.findings: list[Finding] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802 - libcst's
        """Look at what a class is based on."""
        for base in node.bases:
            rule = BASES.get(self._meant(base.value))
            if rule is not None:
                self._find(node, rule)

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        """Remember a variable that holds a runtime."""
        value = node.value
        if isinstance(value, cst.Call) and self._meant(value.func) in _RUNTIMES:
            targets = (get_full_name_for_node(one.target) for one in node.targets)
            self._runtimes.update(filter(None, targets))

    def visit_Param(self, node: cst.Param) -> None:  # noqa: N802
        """Remember a parameter that is a runtime."""
        annotation = node.annotation and node.annotation.annotation
        if annotation is not None and self._meant(annotation) in _RUNTIMES:
            self._runtimes.add(node.name.value)

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        """Look at what is called, and with which keywords."""
        rule = CALLS.get(self._meant(node.func))
        if rule is not None:
            self._find(node, rule)
        if not isinstance(node.func, cst.Attribute):
            return
        method = node.func.attr.value
        self._apply(node, ANY_METHODS.get(method))
        owner = get_full_name_for_node(node.func.value)
        if owner in self._runtimes:
            self._apply(node, METHODS.get(method))
        for argument in node.args:
            if argument.keyword is not None:
                self._apply(node, KEYWORDS.get((method, argument.keyword.value)))

    def visit_SimpleString(self, node: cst.SimpleString) -> None:  # noqa: N802
        """Look at what a text is compared with."""
        value = node.evaluated_value
        self._apply(node, TEXTS.get(value) if isinstance(value, str) else None)

    def _apply(self, node: cst.CSTNode, rule: Rule | None) -> None:
        if rule is not None:
            self._find(node, rule)

    def _find(self, node: cst.CSTNode, rule: Rule) -> None:
        self.findings.append(Finding(line_of(self, node), rule.text, rule.anchor))

    def _meant(self, node: cst.CSTNode) -> str:
        """Return the name that autogen_core has for an expression, or nothing.

        Without the sub-package: ``models.UserMessage`` is ``UserMessage``.
        """
        first, _, rest = (get_full_name_for_node(node) or "").partition(".")
        known = self._names.get(first)
        if known is None:
            return ""
        parts = [*known.split("."), *rest.split(".")]
        packages = takewhile(lambda part: part in _PACKAGES or not part, parts)
        return ".".join(filter(None, parts[len(list(packages)) :]))


def line_of(visitor: cst.MetadataDependent, node: cst.CSTNode) -> int:
    """Return the line where a node begins."""
    position = visitor.get_metadata(PositionProvider, node)
    assert isinstance(position, CodeRange)
    return position.start.line
