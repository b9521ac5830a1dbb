"""Settlements that could not be delivered yet, each in a file of its own, until the authority has
them.

A file is whole or absent: it is written aside, flushed to the disk, and renamed. Several processes
may share the folder, and one that is killed leaves it to the next: every message may be repeated.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from .authority import Message

log = logging.getLogger("budget_authority_litellm")

_ENTRY = ".json"
_REFUSED = "refused"


class SpoolUnusable(OSError):
    """Nothing can be written to the folder."""


class Spool:
    def __init__(self, folder: Path, max_entries: int) -> None:
        self._folder = folder
        self._max_entries = max_entries
        self._entries = 0
        # Entries are written in threads: the disk takes its time.
        self._lock = threading.Lock()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self._folder / f".probe.{os.getpid()}.{secrets.token_hex(4)}"
            probe.write_text("", encoding="utf-8")
            probe.unlink()
        except OSError as e:
            raise SpoolUnusable(f"{folder} must be a folder that can be written to: {e}") from e
        self._count()

    @property
    def is_full(self) -> bool:
        """By the entries last counted: those of other processes are seen within a round."""
        return self._entries >= self._max_entries

    @property
    def is_empty(self) -> bool:
        return self._entries == 0

    def keep(self, message: Message) -> Path:
        """Writes it down. What is already being settled is kept even where the spool is full: the
        bound is for new calls.
        """
        name = f"{time.time_ns():020d}-{secrets.token_hex(6)}{_ENTRY}"
        aside = self._folder / f".{name}.{os.getpid()}"
        with open(aside, "w", encoding="utf-8") as file:
            json.dump(asdict(message), file)
            file.flush()
            os.fsync(file.fileno())
        path = self._folder / name
        os.replace(aside, path)
        self._change_count(1)
        return path

    def entries(self) -> Iterator[tuple[Path, Message]]:
        """The messages, oldest first. One that cannot be read is put aside with the refused ones,
        and said.
        """
        for path in sorted(self._folder.glob(f"*{_ENTRY}")):
            try:
                yield path, Message(**json.loads(path.read_text(encoding="utf-8")))
            except FileNotFoundError:
                continue
            except (ValueError, TypeError) as e:
                self.refuse(path, f"cannot be read: {e}")
        self._count()

    def delivered(self, path: Path) -> None:
        try:
            path.unlink()
        except FileNotFoundError:
            # Another process, or another task of this one, has delivered it too.
            return
        self._change_count(-1)

    def refuse(self, path: Path, why: str) -> None:
        """Puts an entry where it is not sent again and not lost."""
        aside = self._folder / _REFUSED
        aside.mkdir(exist_ok=True, mode=0o700)
        try:
            os.replace(path, aside / path.name)
        except FileNotFoundError:
            return
        self._change_count(-1)
        log.error("event=settlement_refused entry=%s why=%s", path.name, why)

    def _change_count(self, by: int) -> None:
        with self._lock:
            self._entries = max(0, self._entries + by)

    def _count(self) -> None:
        self._entries = sum(1 for _ in self._folder.glob(f"*{_ENTRY}"))
