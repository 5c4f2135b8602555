"""Sphinx configuration: warnings are errors, and nothing is fetched while building."""

import ast
import inspect
import re
import tomllib
from itertools import pairwise
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import actrio.tools.mcp  # noqa: F401 - autodoc would import the SDK as type checkers do

_SOURCE = Path(__file__).parents[1] / "src"
_PROJECT = tomllib.loads(
    (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

project = "actrio"
author = "The actrio contributors"
project_copyright = f"2026, {author}"
release = version = _PROJECT["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "changes"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_title = f"actrio {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Cancellation", "notes_style")]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"

default_role = "py:obj"  # `name` in a docstring is a link

# Where names are imported from, and so documented.
PUBLIC = [
    "actrio",
    "actrio.exceptions",
    "actrio.portal",
    "actrio.state",
    "actrio.testing",
    "actrio.models",
    "actrio.model_context",
    "actrio.memory",
    "actrio.code_executor",
    "actrio.tool_agent",
    "actrio.tools",
    "actrio.tools.mcp",
    "actrio.utils",
    "actrio.messages",
    "actrio.runtime",
]

# Builtin classes whose names are also those of attributes.
_BUILTINS = {"bytes", "type"}
_ANNOTATED_MESSAGE = re.compile(r"~types\.Annotated\[.*?discriminator='type'\)\]")

nitpicky = True
# Names of other projects. Their inventories would have to be downloaded.
nitpick_ignore = [
    ("py:class", name)
    for name in (
        "actrio._concurrency._host.CancelScope",  # trio's or anyio's, as the host
        "actrio.cache.InMemoryStoreConfig",  # empty
        "actrio.components._loading.ConcreteComponent",  # for type checkers
        "FieldInfo",  # pydantic's, in what LLMMessage stands for
        "NoneType",
        "types.Annotated",
        "PIL.Image.Image",
        "anyio.from_thread.BlockingPortal",
        "asyncio.events.TimerHandle",
        "asyncio.exceptions.CancelledError",
        "asyncio.futures.Future",
        "datetime.datetime",
        "Future",
        "_asyncio.Future",
        "collections.abc.AsyncGenerator",
        "collections.abc.Awaitable",
        "collections.abc.Callable",
        "collections.abc.Coroutine",
        "collections.abc.Generator",
        "collections.abc.Iterable",
        "collections.abc.Mapping",
        "collections.abc.Sequence",
        "contextlib.AbstractAsyncContextManager",
        "concurrent.futures._base.Executor",
        "concurrent.futures._base.Future",
        "contextvars.Context",
        "os.PathLike",
        "pathlib.Path",
        "opentelemetry.trace.Tracer",
        "opentelemetry.trace.span.Span",
        "pydantic.main.BaseModel",
        "ssl.SSLContext",
    )
] + [("py:exc", "pydantic.ValidationError")]
# Type variables of the source; they are not names that a user could look up.
nitpick_ignore_regex = [
    (r"py:(class|exc)", r"autogen_core\..*"),  # in the signatures of the adapter
    (
        "py:class",
        r"(actrio\..*\.)?(T|Ts|P|(Agent|Args|Class|Config|Expected|FromConfig|Return|State|Stream|ToConfig)T)",
    ),
]


def _public_name(
    app: Sphinx,
    env: BuildEnvironment,
    node: addnodes.pending_xref,
    content: nodes.Element,
) -> nodes.Node | None:
    """Find a name where it is documented.

    Annotations say `actrio.messages._token.X`, and docstrings of one module say `X` of
    another.
    """
    target = node.get("reftarget", "")
    objects = env.domains.python_domain.objects
    if node.get("refdomain") != "py" or not (
        "." not in target or target.startswith("actrio.")
    ):
        return None
    *_, name = target.split(".")
    for module in PUBLIC:
        public = f"{module}.{name}"
        if public in objects:
            return env.domains.python_domain.resolve_xref(
                env,
                node["refdoc"],
                app.builder,
                objects[public].objtype,
                public,
                node,
                content,
            )
    return None


def _unlink_builtin_types(app: Sphinx, doctree: nodes.document) -> None:
    """Keep `type` in an annotation from being taken for `AgentId.type`, and so on."""
    del app
    for node in list(doctree.findall(addnodes.pending_xref)):
        if node.get("reftype") == "class" and node.get("reftarget") in _BUILTINS:
            node.replace_self(node.children)


def _name_messages(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write `LLMMessage` in a signature, not the union that it stands for."""
    del app, what, name, obj, options
    short = "~actrio.models.LLMMessage"
    return (
        signature and _ANNOTATED_MESSAGE.sub(short, signature),
        returns and _ANNOTATED_MESSAGE.sub(short, returns),
    )


def _describe_data(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Describe a constant by what stands below it in the source, not by its type."""
    del app, obj, options
    if what != "data":
        return
    module, _, constant = name.rpartition(".")
    place = _SOURCE.joinpath(*module.split("."))
    lines.clear()
    for path in (
        sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    ):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for assignment, below in pairwise(body):
            match assignment, below:
                case (
                    ast.Assign(targets=[ast.Name(id=found)])
                    | ast.AnnAssign(target=ast.Name(id=found)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ) if found == constant:
                    lines += [*inspect.cleandoc(text).splitlines(), ""]


def setup(app: Sphinx) -> None:
    """Let annotations find the public names, and only these."""
    app.connect("missing-reference", _public_name)
    app.connect("doctree-read", _unlink_builtin_types)
    app.connect("autodoc-process-signature", _name_messages)
    app.connect("autodoc-process-docstring", _describe_data)
