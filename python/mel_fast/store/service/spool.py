"""Downloads that were computed once, on the disk, to be sent many times and from any byte on."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from mel_fast._base.locking import try_lock

_PREFIX = "mel_fast-serve-"
_LOCK = "in_use"


@dataclass
class Download:
    """A file and its entity tag, which is a hash of its bytes."""

    path: Path
    etag: str
    size: int
    holders: int = 0


@dataclass
class _Slot:
    lock: Lock = field(default_factory=Lock)
    download: Download | None = None
    waiting: int = 0


class Spool:
    """Files in a private folder, at most `most_bytes` of them beside those being sent."""

    def __init__(self, most_bytes: int) -> None:
        _remove_left_overs()
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        self._mark = os.open(Path(self._folder.name, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
        try_lock(self._mark)
        self._most = most_bytes
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._lock = Lock()
        self._made = 0

    def hold(self, key: Hashable, build: Callable[[], bytes]) -> Download:
        """Return the download of this key, built where it is not there; `release` it after use.

        Whoever asks for one that is being built waits for it instead of building another.
        """
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            slot.waiting += 1
        try:
            with slot.lock:
                if slot.download is None:
                    slot.download = self._written(build())
                download = slot.download
                with self._lock:
                    download.holders += 1
        finally:
            with self._lock:
                slot.waiting -= 1
                if slot.download is None and not slot.waiting:
                    self._slots.pop(key, None)
        return download

    def release(self, download: Download) -> None:
        """Let the download be removed when room is needed."""
        with self._lock:
            download.holders -= 1
            self._shrink()

    def close(self) -> None:
        """Remove the folder."""
        os.close(self._mark)
        self._folder.cleanup()

    def _written(self, data: bytes) -> Download:
        with self._lock:
            self._made += 1
            path = Path(self._folder.name, f"{self._made}.meld")
        try:
            path.write_bytes(data)
        except OSError:  # a full disk: what is there of it must not stay
            path.unlink(missing_ok=True)
            raise
        tag = hashlib.blake2b(data, digest_size=16, person=b"mel.store.etag").hexdigest()
        return Download(path, f'"{tag}"', len(data))

    def _shrink(self) -> None:
        there = [(key, slot.download) for key, slot in self._slots.items() if slot.download]
        total = sum(download.size for _, download in there)
        for key, download in there:
            if total <= self._most:
                return
            if not download.holders and not self._slots[key].waiting:
                del self._slots[key]
                total -= download.size
                download.path.unlink(missing_ok=True)


def _remove_left_overs() -> None:
    """Remove the folders of services that were killed: their locks ended with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.stat().st_uid != os.geteuid():
                continue
            mark = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if try_lock(mark):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(mark)
