"""What is rewritten in one module, what stays, and what is reported."""

import importlib
import importlib.util
import re
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest

from actrio.cli import _findings, _rewriting
from actrio.cli._findings import Finding, Rule
from actrio.cli._rewriting import rewrite

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((ROOT / "examples" / "asyncio").glob("*.py"))


def migrated(text: str) -> str:
    return rewrite(dedent(text).encode()).data.decode()


def found(text: str) -> list[str]:
    return [str(one) for one in rewrite(dedent(text).encode()).findings]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from autogen_core import AgentId", "from actrio import AgentId"),
        ("from autogen_core import AgentId as Id", "from actrio import AgentId as Id"),
        ("from autogen_core import *", "from actrio import *"),
        ("import autogen_core as ac\nac.AgentId", "import actrio as ac\nac.AgentId"),
        ("import autogen_core\nautogen_core.AgentId", "import actrio\nactrio.AgentId"),
        (
            "from autogen_core.exceptions import CantHandleException",
            "from actrio.exceptions import CantHandleException",
        ),
        ("from autogen_core import exceptions", "from actrio import exceptions"),
        (
            "import autogen_core.logging, os\nautogen_core.logging.MessageKind(1)",
            "import actrio.logging, os\nactrio.logging.MessageKind(1)",
        ),
        (
            "def f():\n    import autogen_core\n    return autogen_core.AgentId",
            "def f():\n    import actrio\n    return actrio.AgentId",
        ),
        (
            "try:\n    import autogen_core\nexcept ImportError:\n    autogen_core = None",
            (
                "try:\n    import actrio as autogen_core\n"
                "except ImportError:\n    autogen_core = None"
            ),
        ),
        (
            "from autogen_core import (  # the core\n    AgentId,\n    TopicId,  # and\n)",
            "from actrio import (  # the core\n    AgentId,\n    TopicId,  # and\n)",
        ),
    ],
)
def test_imports_are_rewritten(old: str, new: str) -> None:
    """With aliases, submodules, parentheses and comments, at any depth."""
    assert migrated(old) == new


@pytest.mark.parametrize(
    "text",
    [
        '"""Runs on autogen_core."""  # autogen_core\nname = "autogen_core.AgentId"\n',
        "import logging\nlogging.getLogger('autogen_core').info('x')\n",
        "from . import autogen_core\nautogen_core.x\n",
        "from .autogen_core import AgentId\n",
        "def f(autogen_core):\n    return autogen_core.AgentId\n",
        "f(autogen_core=1)\nx.autogen_core\n",
        "import autogen_core_tools\n",
    ],
)
def test_everything_else_stays(text: str) -> None:
    """Strings, comments, and names that only look like the package."""
    assert migrated(text) == text
    assert found(text) == []


def test_bytes_stay_as_they_are() -> None:
    """Line ends, blanks, an encoding, and what follows the last line."""
    old = (
        "# -*- coding: latin-1 -*-\r\nfrom autogen_core  import  AgentId\r\n"
        "name = 'Zo\xeb'   \r\n\r\n"
    ).encode("latin-1")
    assert rewrite(old).data == old.replace(b"autogen_core", b"actrio")
    with_mark = b"\xef\xbb\xbfimport autogen_core as ac\n"
    assert rewrite(with_mark).data == b"\xef\xbb\xbfimport actrio as ac\n"


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_documented_program_becomes_ours(path: Path) -> None:
    """AutoGen's documented programs, in our words, and back again."""
    ours = path.read_bytes()
    theirs = ours.replace(b"from actrio", b"from autogen_core")
    assert theirs != ours
    done = rewrite(theirs)
    assert done.data == ours
    assert not [one for one in done.findings if one.anchor is None]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            "from autogen_core._agent_id import AgentId",
            (
                "1: left as it is: autogen_core._agent_id.AgentId is private; write `from "
                "actrio import AgentId`"
            ),
        ),
        (
            "import autogen_core._queue",
            "1: left as it is: autogen_core._queue is private",
        ),
        (
            "from autogen_core import AgentId, Nonsense",
            "1: left as it is: actrio has no Nonsense",
        ),
        (
            "\nfrom autogen_core.nonsense import X",
            "2: left as it is: actrio has no nonsense yet",
        ),
        (
            "from autogen_agentchat.teams import X",
            (
                "1: left as it is: autogen_agentchat.teams imports autogen_core by itself; "
                "docs/agentchat.md says how it runs on actrio"
            ),
        ),
        (
            "import autogen_core.exceptions\nautogen_core = 1",
            "1: left as it is: autogen_core is assigned to, too",
        ),
        (
            "import autogen_ext.models as m",
            (
                "1: left as it is: autogen_ext.models imports autogen_core by itself; "
                "docs/agentchat.md says how it runs on actrio"
            ),
        ),
    ],
)
def test_what_cannot_be_migrated_stays_and_is_reported(text: str, finding: str) -> None:
    """The text gives the reason, and the remedy where there is one."""
    assert migrated(text) == text
    assert found(text) == [finding]


def test_uses_that_behave_differently_are_reported() -> None:
    """Each with its line and a link to its row in the guide."""
    text = """\
        import autogen_core as ac
        from autogen_core import (
            AgentRuntime,
            CancellationToken,
            Image as Picture,
            RoutedAgent,
        )

        class Mine(RoutedAgent):
            pass

        class Mind(ac.DefaultInterventionHandler):
            pass

        async def main(r: AgentRuntime, other):
            rt = ac.SingleThreadedAgentRuntime()
            token = CancellationToken()
            try:
                await rt.send_message("x", ac.AgentId("a", "b"), cancellation_token=token)
            except Exception as exc:
                assert str(exc) == "Recipient not found"
            await r.publish_message("x", ac.TopicId("a", "b"), cancellation_token=token)
            Picture.from_uri("data:")
            ac.MessageHandlerContext.agent_id()
            Mine.load_component({})
            await rt.stop()
            await r.close()
            await other.stop()
        """
    anchors = {
        int(line): anchor
        for line, anchor in (
            re.fullmatch(rf"(\d+): .* \({_findings.GUIDE}#([\w-]+)\)", one).groups()  # type: ignore[union-attr]
            for one in found(text)
        )
    }
    assert anchors == {
        9: "one-at-a-time",
        12: "interventions-chain",
        17: "cancelling",
        19: "request-cancelled",
        21: "unknown-recipient",
        22: "publish-with-token",
        23: "large-images",
        24: "context-in-factory",
        25: "untrusted-provider",
        26: "stop",
        27: "close",
    }


def test_models_and_tools_that_behave_differently_are_reported() -> None:
    """However they are imported."""
    text = """\
        import autogen_core.models
        import autogen_core.model_context as mc
        from autogen_core import tools
        from autogen_core.memory import ListMemory
        from autogen_core.tool_agent import ToolAgent, ToolException, tool_agent_caller_loop
        from autogen_core.tools import FunctionTool
        from autogen_core.utils import schema_to_pydantic_model

        class Mine(ToolException):
            pass

        async def main(tool):
            mc.BufferedChatCompletionContext(5)
            mc.TokenLimitedChatCompletionContext(None)
            mc.HeadAndTailChatCompletionContext(1, 2)
            tools.FunctionTool(main, "x")
            FunctionTool(main, "x")
            ListMemory()
            ToolAgent("x", [])
            await tool_agent_caller_loop()
            schema_to_pydantic_model({})
            await tool.run_json({}, None)
            autogen_core.models.UserMessage(content="x", source="y")
        """
    anchors = {
        int(one.partition(":")[0]): one.rpartition("#")[2][:-1] for one in found(text)
    }
    assert anchors == {
        9: "toolexception",
        13: "buffer-begins-several-messages-results",
        14: "calls-middle-token-limited-conversation",
        15: "skipped-n-messages-headandtailchatcompletioncontext",
        16: "plain-function-as-tool",
        17: "plain-function-as-tool",
        18: "initial-messages-model-context-memory-contents",
        19: "arguments-do-not-fit-tool-at",
        20: "tool-agent-caller-loop-tells-model",
        21: "schema-pydantic-model-array-without-items",
        22: "token-run-json",
    }


def test_a_part_whose_extra_is_not_installed_is_migrated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its imports change, since actrio has it; and the command to install it is given."""
    needs = "actrio.models needs pydantic: pip install 'actrio[pydantic]'"

    def import_module(name: str) -> object:
        if name == "actrio.models":
            raise ImportError(needs)
        return importlib.import_module(name)

    for cached in (_rewriting._names_of, _rewriting._missing_extra):
        cached.cache_clear()
    monkeypatch.setattr(
        _rewriting,
        "importlib",
        SimpleNamespace(import_module=import_module, util=importlib.util),
    )
    text = "from autogen_core.models import UserMessage\nimport autogen_core.models\n"
    assert migrated(text) == text.replace("autogen_core", "actrio")
    assert found(text) == [f"1: {needs}", f"2: {needs}"]
    wrong = "from autogen_core.models import Nonsense\n"
    assert found(wrong) == ["1: left as it is: actrio.models has no Nonsense"]
    for cached in (_rewriting._names_of, _rewriting._missing_extra):
        cached.cache_clear()


def test_a_module_without_autogen_is_not_parsed() -> None:
    """So a syntax error elsewhere in a tree is nobody's business."""
    assert rewrite(b"def f(:\n") == rewrite(b"def f(:\n")


def test_bad_text_is_refused() -> None:
    """With the place, so that an editor can go there."""
    with pytest.raises(SyntaxError, match="line 2, column 7"):
        rewrite(b"import autogen_core\ndef f(:\n")
    with pytest.raises(UnicodeDecodeError):
        rewrite(b"import autogen_core\nname = '\xff'\n")
    with pytest.raises((LookupError, SyntaxError)):
        rewrite(b"# coding: klingon\nimport autogen_core\n")


def test_the_guide_has_an_anchor_for_each_row_and_each_rule() -> None:
    """A link that leads nowhere is found here, and so is a row without one."""
    page = (ROOT / _findings.GUIDE).read_text()
    anchors = re.findall(r'^\| <a id="([\w-]+)"></a>', page, re.MULTILINE)
    assert len(set(anchors)) == len(anchors)
    rows = re.findall(r"^\| (?!\||-|name \||<a )", page, re.MULTILINE)
    assert rows == []
    tables = (
        _findings.BASES,
        _findings.CALLS,
        _findings.METHODS,
        _findings.ANY_METHODS,
        _findings.KEYWORDS,
        _findings.TEXTS,
    )
    rules: list[Rule] = [rule for table in tables for rule in dict(table).values()]
    assert {rule.anchor for rule in rules} <= set(anchors)
    assert str(Finding(3, "x", "stop")) == "3: x (docs/differences.md#stop)"
