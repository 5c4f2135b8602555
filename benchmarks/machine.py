"""What the numbers were measured on."""

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["machine", "machine_line"]

PACKAGES = ["actrio", "autogen-core", "trio", "anyio", "attrs", "cattrs", "uvloop"]
PACKAGES += ["pykka", "xoscar", "thespian", "ray"]


def machine() -> dict[str, Any]:
    """Describe this machine and what is installed here."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(_load(), 1),
        "versions": versions,
    }


def machine_line(where: dict[str, Any]) -> str:
    """The same as one line."""
    versions = ", ".join(f"{name} {one}" for name, one in where["versions"].items())
    return (
        f"{where['python']}, {where['processor']}, {where['cores']} cores, "
        f"{where['system']}; {versions}"
    )


def _load() -> float:
    """How many programs wanted to run in the last minute; 0 if that is not known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model n")]
    return names[0] if names else platform.processor() or platform.machine()
