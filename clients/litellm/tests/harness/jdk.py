"""Finds a Java 25 or later without being told where it is."""

from __future__ import annotations

import subprocess
from pathlib import Path


def java(repository: Path) -> str:
    """The program that the project's own scripts find; an error says what is missing."""
    found = subprocess.run(
        [repository / "bench" / "find-java"], stdout=subprocess.PIPE, text=True, check=True
    )
    return found.stdout.strip()
