"""A Grid that looks for replies as often as it is told to."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flwr.app import Message
from flwr.serverapp import Grid

from mel_fast._base.validation import real

if TYPE_CHECKING:
    from flwr.proto.node_pb2 import NodeInfo
    from flwr.supercore.run import Run


class PolledGrid(Grid):
    """Flower's Grid with another interval between two looks for replies.

    Flower's own looks every 3 seconds, and sees a time-out between two looks only; rounds of a few
    seconds are lengthened by that.

    Parameters
    ----------
    grid
        Flower's, to which everything else is left.
    every_s
        Seconds between two looks, in [0.01, 3600].

    Examples
    --------
    >>> import mel_fast as mel
    >>> grid = mel.flower.PolledGrid(grid, every_s=0.25)  # doctest: +SKIP
    """

    def __init__(self, grid: Grid, every_s: float = 0.25) -> None:
        self._grid = grid
        self._every_s = real("every_s", every_s, low=0.01, high=3600.0)

    def send_and_receive(
        self, messages: Iterable[Message], *, timeout: float | None = None
    ) -> Iterable[Message]:
        """Send messages and return the replies of at most `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        waiting = {name for name in self.push_messages(list(messages)) if name}
        found: list[Message] = []
        while waiting:
            for reply in self.pull_messages(waiting):
                waiting.discard(reply.metadata.reply_to_message_id)
                found.append(reply)
            left = self._every_s if end is None else min(self._every_s, end - time.monotonic())
            if not waiting or left <= 0.0:
                break
            time.sleep(left)
        return found

    def set_run(self, run: Run) -> None:
        """Leave it to Flower's."""
        self._grid.set_run(run)

    @property
    def run(self) -> Run:
        """Flower's."""
        return self._grid.run

    def create_message(self, *arguments: Any, **words: Any) -> Message:
        """Leave it to Flower's."""
        return self._grid.create_message(*arguments, **words)

    def get_node_ids(self) -> Iterable[int]:
        """Return the nodes that are online."""
        return self._grid.get_node_ids()

    def get_nodes(self) -> Iterable[NodeInfo]:
        """Return what is known of the nodes that are online."""
        return self._grid.get_nodes()

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Send messages and return their numbers."""
        return self._grid.push_messages(messages)

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """Return the replies that are there."""
        return self._grid.pull_messages(message_ids)
