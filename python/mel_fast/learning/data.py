"""Labelled data to learn from: MNIST from IDX files, from OpenML, or scikit-learn's digits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.frozen import Found
from mel_fast._base.optional import require
from mel_fast.learning.idx import DataError, read_idx

__all__ = ["DataError", "Dataset", "digits", "load", "openml", "read_mnist"]


@dataclass(frozen=True, eq=False)
class Dataset(Found):
    """Features scaled to [0, 1], shape (n, F) float32, and integer labels, shape (n,).

    Parameters
    ----------
    name
        What it is called in reports.
    train_x, test_x
        float32 in [0, 1], shape (n, F).
    train_y, test_y
        Labels from 0, shape (n,).

    Raises
    ------
    DataError
        Where shapes, types or labels do not fit each other.

    Examples
    --------
    >>> import numpy as np
    >>> import mel_fast as mel
    >>> x, y = np.zeros((4, 9), dtype=np.float32), np.arange(4)
    >>> data = mel.learning.Dataset("tiny", x, y, x, y)
    >>> len(data.limited(2, 1).train_y)
    2
    """

    name: str
    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]

    def __post_init__(self) -> None:
        for part, x, y in (
            ("train", self.train_x, self.train_y),
            ("test", self.test_x, self.test_y),
        ):
            if len(x) != len(y):
                raise DataError(f"{self.name}: {len(x)} {part} images but {len(y)} {part} labels")
            if not len(x):
                raise DataError(f"{self.name}: no {part} images")

    def limited(self, train: int, test: int) -> Dataset:
        """The first ``train`` and ``test`` examples."""
        return Dataset(
            f"{self.name}, first {train}",
            self.train_x[:train],
            self.train_y[:train],
            self.test_x[:test],
            self.test_y[:test],
        )


def checked_data(value: Any) -> Dataset:
    """Return `value`, a Dataset."""
    if not isinstance(value, Dataset):
        raise TypeError(f"data is a {type(value).__name__}: must be a Dataset")
    return value


def read_mnist(folder: str | Path) -> Dataset:
    """Read MNIST from the four IDX files in a folder, each gzipped or not.

    Raises
    ------
    DataError
        Naming the file that is missing, damaged or of another length than its partner.

    Parameters
    ----------
    folder
        With the four files.

    Returns
    -------
    Dataset
        60,000 to train on and 10,000 to test with, F = 784.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.read_mnist("mnist")  # doctest: +SKIP
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    parts: list[Any] = []
    for prefix in ("train", "t10k"):
        images = _find(folder, f"{prefix}-images-idx3-ubyte", f"{prefix}-images.idx3-ubyte")
        labels = _find(folder, f"{prefix}-labels-idx1-ubyte", f"{prefix}-labels.idx1-ubyte")
        x, y = read_idx(images), read_idx(labels)
        if x.ndim != 3 or y.ndim != 1:
            raise DataError(f"{images if x.ndim != 3 else labels}: wrong number of axes")
        if len(x) != len(y):
            raise DataError(f"{images}: {len(x)} images but {len(y)} labels in {labels.name}")
        parts += [_scaled(x.reshape(len(x), -1), 255.0), y.astype(np.int64)]
    return Dataset("MNIST", *parts)


def _find(folder: Path, *names: str) -> Path:
    for name in names:
        for suffix in ("", ".gz"):
            if (folder / (name + suffix)).is_file():
                return folder / (name + suffix)
    raise DataError(f"{folder}: neither {names[0]} nor {names[0]}.gz is there")


def openml() -> Dataset:
    """MNIST (``mnist_784``) through scikit-learn, which downloads it once and keeps it.

    Returns
    -------
    Dataset
        60,000 to train on and 10,000 to test with, F = 784.

    Raises
    ------
    OSError
        Without a network, where it is not kept yet.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.openml()  # doctest: +SKIP
    """
    datasets = require("sklearn.datasets", extra="learn")
    parser = "pandas" if find_spec("pandas") else "liac-arff"  # the latter is slow and large
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its retries; what is left is raised
            x, y = datasets.fetch_openml(
                "mnist_784", version=1, return_X_y=True, as_frame=False, parser=parser
            )
    except Exception as error:  # network, cache and parser all fail in their own ways
        raise DataError(f"MNIST from OpenML: {type(error).__name__}: {error}") from error
    return _divided("MNIST (OpenML)", _scaled(x, 255.0), y.astype(np.int64), 60_000)


def digits() -> Dataset:
    """Scikit-learn's own 1,797 digits of 8 x 8: small, always there, not MNIST.

    Returns
    -------
    Dataset
        1,500 to train on and 297 to test with, F = 64.

    Raises
    ------
    ImportError
        Naming the extra, without scikit-learn.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.digits()
    >>> data.train_x.shape, data.test_x.shape
    ((1500, 64), (297, 64))
    """
    bunch = require("sklearn.datasets", extra="learn").load_digits()
    x, y = _scaled(bunch.data, 16.0), bunch.target.astype(np.int64)
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(x))
    return _divided("scikit-learn digits", x[order], y[order], 1500)


def load(folder: str | Path | None, notice: Callable[[str], Any]) -> Dataset:
    """MNIST from ``folder``; without one from OpenML; failing that the digits, with a notice.

    A folder that was named is never silently replaced by other data.

    Parameters
    ----------
    folder
        With MNIST's four IDX files, gzipped or not; None: none.
    notice
        Called with a line where the digits take MNIST's place.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        For a folder that was named and has not what is wanted.

    Examples
    --------
    >>> import mel_fast as mel
    >>> data = mel.learning.load("mnist", print)  # doctest: +SKIP
    """
    if folder is not None:
        return read_mnist(folder)
    try:
        return openml()
    except DataError as error:
        reason = " ".join(str(error).split())[:200]
        notice(f"{reason}; training on scikit-learn's 8 x 8 digits instead: NOT the paper's data")
        return digits()


def _scaled(x: NDArray[Any], top: float) -> NDArray[np.float32]:
    return np.ascontiguousarray(x, dtype=np.float32) / np.float32(top)


def _divided(name: str, x: NDArray[np.float32], y: NDArray[np.int64], train: int) -> Dataset:
    return Dataset(name, x[:train], y[:train], x[train:], y[train:])
