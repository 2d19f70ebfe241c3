"""Files that appear whole or not at all, on the disk, too; what is not a file is written through.

A regular file is made beside its target, brought to the disk, given the target's permissions and
owner, and renamed. Links are followed. A device, a pipe or a descriptor (``/dev/stdout``) is never
replaced: it gets the finished bytes.

The file beside it has one of a few names that only this target has, and is locked while its writer
lives: what a killed writer left is removed by the next one, what a living one writes is left alone.
"""

import errno
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mel_fast._base.drawing.palette import filed, undated
from mel_fast._base.locking import is_at, try_lock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READER_WAIT_S = 5.0
"""How long a write to a pipe waits for somebody to read from it."""

_NAMES = 8  # writers of one target at a time whose left-overs are found again
_ASK_S = 0.02
_LONGEST_SUFFIX = 16
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EROFS)  # what is no disk says on fsync
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
_LOOK = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
_yielded: set[Path] = set()  # temporaries that are being written in this process


@contextmanager
def beside(path: str | PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path whose content takes the place of `path` when the block succeeds.

    The block writes to the path that it is given; it must not rename another file to it. Asked for
    a path that an outer block was given, it is that path.

    Raises
    ------
    OSError
        Naming `path`, when the folder is missing or cannot be written, when the disk is full, and
        so on; a file at `path` is then as it was.
    """
    asked = Path(path)
    if asked in _yielded:
        yield asked
        return
    with naming(asked):
        check_writable(asked)
        special = is_special(asked)
        target = asked.absolute() if special else resolved(asked)
        folder = Path(tempfile.gettempdir()) if special else target.parent
        handle, temporary = _claim(folder, target, asked.suffix)
    _yielded.add(temporary)
    try:
        with naming(asked, temporary):
            yield temporary
            os.fsync(handle)
            if special:
                with temporary.open("rb") as made, open_through(asked) as out:
                    shutil.copyfileobj(made, out)
                temporary.unlink()
            else:
                _dress(handle, target)
                temporary.replace(target)
                sync_folder(folder)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    finally:
        _yielded.discard(temporary)
        os.close(handle)


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_figure(path: str | PathLike[str], figure: "Figure", **words: Any) -> None:
    """Write a figure of matplotlib in the format of `path`'s ending, whole or not at all.

    Equal figures give equal files; fonts in a PDF are TrueType.
    """
    words.setdefault("metadata", undated(Path(path).suffix))
    with beside(path) as temporary:
        try:
            with filed():
                figure.savefig(temporary, **words)
        except Exception as error:
            raise _cause(error) from None


def _cause(error: BaseException) -> BaseException:
    """Return the system's error behind one that only says what broke because of it."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__context__
    return found or error


def check_writable(path: str | PathLike[str]) -> None:
    """Refuse, with nothing written, a target that could not be written as things stand.

    Raises
    ------
    OSError
        Naming `path`: a folder, a missing folder, no permission, a read-only file system.
    """
    asked = Path(path)
    with naming(asked):
        if asked.is_dir():
            raise OSError(errno.EISDIR, "is a folder, must be a file name")
        if is_special(asked):
            _need(asked, os.W_OK)
            return
        target = resolved(asked)
        if not target.parent.is_dir():
            raise OSError(errno.ENOENT, f"no such folder: {target.parent}")
        _need(target.parent, os.W_OK | os.X_OK)
        if target.exists():
            _need(target, os.W_OK)


def is_special(path: Path) -> bool:
    """Whether `path` is there and neither a regular file nor a folder, or an open descriptor."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _descriptor(path) is not None


def resolved(path: Path) -> Path:
    """Return the file that `path` leads to, through links, there or not."""
    return Path(os.path.realpath(path))


def open_through(path: Path) -> BinaryIO:
    """Open a device, a pipe or a descriptor for writing, without replacing or emptying it.

    Raises
    ------
    OSError
        When it cannot be opened, or nobody reads from a pipe within `READER_WAIT_S`.
    """
    own = _descriptor(path)
    if own is not None:  # a copy of the descriptor goes on where it stands
        return os.fdopen(os.dup(own), "wb")
    until = time.monotonic() + READER_WAIT_S
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(path.stat().st_mode):
                raise
            if time.monotonic() > until:
                raise OSError(errno.ENXIO, "nobody reads from this pipe", str(path)) from None
            time.sleep(_ASK_S)
    os.set_blocking(handle, True)
    return os.fdopen(handle, "wb")


def sync_folder(folder: Path) -> None:
    """Bring the folder's names to the disk, where the system lets folders be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


@contextmanager
def naming(asked: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let every error of the system name the file that was asked for, not the one beside it."""
    try:
        yield
    except OSError as error:
        about = error.filename
        if about is not None and temporary is not None and Path(os.fsdecode(about)) != temporary:
            raise
        number = error.errno or errno.EIO
        raise OSError(number, error.strerror or str(error), str(asked)) from None


def _need(path: Path, rights: int) -> None:
    effective = os.access in os.supports_effective_ids
    if os.access(path, rights, effective_ids=effective):
        return
    read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    number = errno.EROFS if read_only else errno.EACCES
    raise OSError(number, os.strerror(number))


def _descriptor(path: Path) -> int | None:
    """Return the number of this process's descriptor that `path` leads to, such as /dev/stdout."""
    for _ in range(40):  # as many links as the system follows
        folder, name = os.path.split(os.path.abspath(path))
        if os.path.realpath(folder) == f"/proc/{os.getpid()}/fd" and name.isdecimal():
            return int(name)
        try:
            path = Path(folder, os.readlink(path))
        except OSError:
            return None
    return None


def _claim(folder: Path, target: Path, suffix: str) -> tuple[int, Path]:
    """Make a locked file that belongs to `target`; remove what killed writers of it left."""
    digest = hashlib.sha256(os.fsencode(target)).hexdigest()[:16]
    suffix = suffix if len(os.fsencode(suffix)) <= _LONGEST_SUFFIX else ""
    mode = 0o600 if target.exists() else 0o666  # nobody reads more than before, see _dress
    claimed: tuple[int, Path] | None = None
    for number in range(_NAMES):
        path = folder / f".mel_fast-{digest}-{number}{suffix}"
        _remove_left_over(path)
        handle = None if claimed else _made(path, mode)
        if handle is not None:
            claimed = handle, path
    while claimed is None:  # so many write it at this moment
        path = folder / f".mel_fast-{digest}-{os.urandom(6).hex()}{suffix}"
        handle = _made(path, mode)
        if handle is not None:
            claimed = handle, path
    return claimed


def _made(path: Path, mode: int) -> int | None:
    try:
        handle = os.open(path, _NEW, mode)
    except FileExistsError:
        return None
    with suppress(OSError):  # without locks left-overs cannot be told apart: they stay
        if not try_lock(handle) or not is_at(handle, path):  # another took it for a left-over
            os.close(handle)
            return None
    return handle


def _remove_left_over(path: Path) -> None:
    try:
        handle = os.open(path, _LOOK)
    except OSError:
        return
    try:
        found = os.fstat(handle)
        own = found.st_uid == os.geteuid()
        if own and found.st_nlink == 1 and try_lock(handle) and is_at(handle, path):
            os.unlink(path)
    except OSError:
        pass
    finally:
        os.close(handle)


def _dress(handle: int, target: Path) -> None:
    """Give the new file the permissions and the owner of the one that it replaces."""
    try:
        before = target.stat()
    except FileNotFoundError:
        return  # made as the system makes new files
    mode = stat.S_IMODE(before.st_mode)
    made = os.fstat(handle)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.fchown(handle, before.st_uid, before.st_gid)
        except OSError:  # as far as the system lets us, and then without set-uid bits
            with suppress(OSError):
                os.fchown(handle, -1, before.st_gid)
            mode &= 0o777
    os.fchmod(handle, mode)
