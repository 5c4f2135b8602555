"""Sphinx configuration: warnings are errors, and nothing is fetched while building."""

import tomllib
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

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
    "actrio.messages",
    "actrio.runtime",
]

nitpicky = True
# Names of other projects. Their inventories would have to be downloaded.
nitpick_ignore = [
    ("py:class", name)
    for name in (
        "actrio._concurrency._host.CancelScope",  # trio's or anyio's, as the host
        "actrio.cache.InMemoryStoreConfig",  # empty
        "actrio.components._loading.ConcreteComponent",  # for type checkers
        "PIL.Image.Image",
        "anyio.from_thread.BlockingPortal",
        "asyncio.events.TimerHandle",
        "asyncio.exceptions.CancelledError",
        "asyncio.futures.Future",
        "Future",
        "_asyncio.Future",
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
        "opentelemetry.trace.Tracer",
        "opentelemetry.trace.span.Span",
        "pydantic.main.BaseModel",
    )
] + [("py:exc", "pydantic.ValidationError")]
# Type variables of the source; they are not names that a user could look up.
nitpick_ignore_regex = [
    (
        "py:class",
        r"(actrio\..*\.)?(T|Ts|(Agent|Class|Config|Expected|FromConfig|ToConfig)T)",
    )
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


def _unlink_builtin_type(app: Sphinx, doctree: nodes.document) -> None:
    """Keep `type` in an annotation from being taken for `AgentId.type`."""
    del app
    for node in list(doctree.findall(addnodes.pending_xref)):
        if node.get("reftype") == "class" and node.get("reftarget") == "type":
            node.replace_self(node.children)


def setup(app: Sphinx) -> None:
    """Let annotations find the public names, and only these."""
    app.connect("missing-reference", _public_name)
    app.connect("doctree-read", _unlink_builtin_type)
