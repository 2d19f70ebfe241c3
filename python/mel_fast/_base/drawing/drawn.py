"""Results that draw themselves."""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Drawn:
    """What has a figure, and may be written as one."""

    __slots__ = ()

    def figure(self) -> "Figure":
        """Draw it (extra ``[plot]``)."""
        raise NotImplementedError

    def plot(self, path: str | PathLike[str]) -> None:
        """Write the figure to a .png, .svg or .pdf file, whole or not at all (extra ``[plot]``).

        Raises
        ------
        OSError
            When the file cannot be written.
        """
        from mel_fast._base.atomic import write_figure  # here: its imports take long

        write_figure(path, self.figure(), dpi=200)
