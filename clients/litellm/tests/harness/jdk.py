"""Finds a Java 25 or later without being told where it is."""

from __future__ import annotations

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

LEAST = 25


def java(repository: Path) -> str:
    """`JAVA_HOME`, `java` on the PATH, `/usr/lib/jvm`, or what Maven's list of toolchains names."""
    for candidate in _candidates(repository):
        if _version(candidate) >= LEAST:
            return candidate
    raise RuntimeError(
        f"no Java {LEAST} or later: looked at JAVA_HOME, PATH, /usr/lib/jvm and Maven's toolchains"
    )


def _candidates(repository: Path) -> Iterator[str]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield str(Path(home, "bin", "java"))
    yield "java"
    yield from (str(path) for path in sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True))
    for listing in (
        repository / "target" / "jdks.xml",
        Path.home() / ".m2" / "toolchains.xml",
        Path.home() / ".m2" / "discovered-jdk-toolchains-cache.xml",
    ):
        if listing.exists():
            for element in ElementTree.parse(listing).iter():
                if element.tag.endswith("jdkHome") and element.text:
                    yield str(Path(element.text.strip(), "bin", "java"))


def _version(executable: str) -> int:
    try:
        said = subprocess.run(
            [executable, "-version"], capture_output=True, text=True, timeout=60, check=True
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0
