"""Runs the tests of AutoGen itself on actrio, in an environment of its own.

::

    python tests/compat/run_upstream.py              # all three
    python tests/compat/run_upstream.py adapter      # AgentChat's tests, real autogen_core
    python tests/compat/run_upstream.py drop-in      # AgentChat's tests, no autogen_core
    python tests/compat/run_upstream.py core         # autogen_core's tests, without it

The suites come from the source distributions on the package index, and are never kept
here. What they need goes into ``.venv-upstream``, where autogen_core is not: its adapter
run finds it in a folder of its own. A run fails if a test fails that is not in
``known.py``, or one that has to fail by it passes.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import time
import venv
from pathlib import Path
from xml.etree import ElementTree as ET

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.compat.known import KNOWN, NEEDS_NETWORK

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".venv-upstream"
STAND_INS = Path(__file__).parent / "stand_ins"

VERSION = "0.7.5"
# what the suites and the packages that they test import, but for autogen_core
NEEDED = [
    "anthropic",
    "aiofiles",
    "asyncio_atexit",
    "grpcio",
    "jsonref~=1.1.0",
    "mcp<2",
    "ollama",
    "openai<2",
    "opentelemetry-sdk",
    "pandas",
    "pillow>=11",
    "protobuf~=5.29.3",
    "pydantic[email]<3",
    "pytest",
    "pytest-asyncio",
    "pytest-mock",
    "pytest-timeout",
    "pytest-xdist",
    "tiktoken",
]
# these pin autogen_core, which must not come with them
UNPINNED = [f"autogen-agentchat=={VERSION}", f"autogen-ext=={VERSION}"]

RUNS = {
    "adapter": ("autogen_agentchat", "actrio_adapter"),
    "drop-in": ("autogen_agentchat", "actrio_drop_in"),
    "core": ("autogen_core", "actrio_drop_in"),
}
# how long an event loop of pytest-asyncio lives; the suites expect this
SCOPES = {"autogen_agentchat": "function", "autogen_core": "session"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", metavar="run", help=", ".join(RUNS))
    wanted = parser.parse_args().runs or [*RUNS]
    unknown = {*wanted} - {*RUNS}
    if unknown:
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(RUNS)}")
    prepare()
    return max(run(name) for name in wanted)


def prepare() -> None:
    """Install what the runs need, unless it is there."""
    stamp = HOME / "complete"
    wanted = repr((NEEDED, UNPINNED, sys.version))
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(HOME, with_pip=True, clear=True)
        pip("install", "--quiet", *NEEDED)
        pip("install", "--quiet", "--no-deps", *UNPINNED)
        core = f"autogen-core=={VERSION}"
        pip("install", "--quiet", "--no-deps", "--target", str(HOME / "core"), core)
        for suite in {suite for suite, _ in RUNS.values()}:
            fetch(suite)
        pip("install", "--quiet", "--editable", str(ROOT))
        stamp.write_text(wanted)


def fetch(suite: str) -> None:
    """Unpack a source distribution."""
    name = f"{suite.replace('_', '-')}=={VERSION}"
    where = HOME / "sources"
    pip("download", "--quiet", "--no-binary", ":all:", "--no-deps", "-d", where, name)
    with tarfile.open(where / f"{suite}-{VERSION}.tar.gz") as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(where, filter="data")
        else:  # before Python 3.11.4
            archive.extractall(where)


def pip(*arguments: str | Path) -> None:
    command = [python(), "-m", "pip", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


def python() -> Path:
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return HOME / scripts / "python"


def run(name: str) -> int:
    """Run one suite, and say whether it went as it should."""
    suite, plugin = RUNS[name]
    tests = HOME / "sources" / f"{suite}-{VERSION}" / "tests"
    report = HOME / f"{name}.xml"
    report.unlink(missing_ok=True)
    paths = [STAND_INS, tests, *([HOME / "core"] if name == "adapter" else [])]
    command: list[str | Path] = [
        *(python(), "-m", "pytest", "-p", plugin, "-p", "no:cacheprovider"),
        *("--quiet", "--no-header", "--tb=short", "--show-capture=no"),
        *("-o", f"asyncio_default_fixture_loop_scope={SCOPES[suite]}"),
        *("--disable-warnings", "-n", "2", "--dist", "worksteal", "--timeout", "60"),
        f"--junitxml={report}",
    ]
    print(f"=== {name}: the tests of {suite} {VERSION}", flush=True)
    began = time.monotonic()
    # without keys: some tests would call the providers of models
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    subprocess.run(command, cwd=tests, env=environment, check=False)
    return judge(name, report, time.monotonic() - began)


def judge(name: str, report: Path, seconds: float) -> int:
    """Compare what failed with what is known to fail."""
    if not report.exists():
        print(f"{name}: the tests did not run")
        return 1
    outcomes = {"passed": 0, "skipped": 0, "failed": 0}
    failed = set()
    for case in ET.parse(report).iter("testcase"):
        test = (
            f"{case.get('classname', '').rpartition('tests.')[2]}::{case.get('name')}"
        )
        bad = any(case.find(kind) is not None for kind in ("failure", "error"))
        outcome = "skipped" if case.find("skipped") is not None else "passed"
        outcomes["failed" if bad else outcome] += 1
        if bad:
            failed.add(test)
    known = {test for test in failed if is_known(name, test)}
    print(f"{name}: {outcomes}, {len(known)} of the failures known, {seconds:.0f} s")
    for test in sorted(failed - known):
        print(f"  unexpected failure: {test}")
    healed = [
        pattern
        for pattern in KNOWN[name]
        if not any(matches(pattern, test) for test in failed)
    ]
    for pattern in healed:
        print(f"  listed in known.py, and did not fail: {pattern}")
    return int(bool(failed - known or healed or not outcomes["passed"]))


def is_known(name: str, test: str) -> bool:
    """Say whether a test may fail."""
    patterns = (*KNOWN[name], *NEEDS_NETWORK[name])
    return any(matches(pattern, test) for pattern in patterns)


def matches(pattern: str, test: str) -> bool:
    """Say whether a test is the one named, with any parameters if none are given."""
    return test == pattern or test.startswith(f"{pattern}[")


if __name__ == "__main__":
    sys.exit(main())
