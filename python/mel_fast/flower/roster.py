"""Which node is which learner: nodes come, say who they are, and go."""

from __future__ import annotations

import time
from collections.abc import Iterable
from logging import INFO, WARNING, getLogger

from flwr.app import Message, MessageType, RecordDict
from flwr.serverapp import Grid

from mel_fast._base.untrusted import plain, shown
from mel_fast.flower.wire.messages import read_join
from mel_fast.orchestrate import Fleet

log = getLogger("flwr").log

_LONGEST_REASON = 300


class Roster:
    """The nodes that are online, by the names of their learners.

    Parameters
    ----------
    fleet
        Whom those join that it does not know by name, with what they say of themselves. What it
        holds of a learner already is not changed by what that says.
    ttl_s
        Seconds after which a question who one is is forgotten, and asked again.

    Attributes
    ----------
    nodes : dict of str to int
        The node that last was the learner of this name, online or not.
    refused : dict of int to str
        Why a node is not called, by node. Who has the name of another node takes its place when
        that goes offline.
    """

    def __init__(self, fleet: Fleet, ttl_s: float) -> None:
        self._fleet, self._ttl_s = fleet, ttl_s
        self.nodes: dict[str, int] = {}
        self.refused: dict[int, str] = {}
        self._asked: dict[str, int] = {}
        self._said: dict[int, RecordDict] = {}  # by those whose name another node has

    def online(self, grid: Grid, at_least: int, wait_s: float, every_s: float) -> dict[str, int]:
        """Return the nodes that are online and known by name.

        Parameters
        ----------
        grid
            Flower's.
        at_least, wait_s, every_s
            Fewer are waited for so many seconds, with a look as often as said.
        """
        end = time.monotonic() + wait_s
        while True:
            there = set(grid.get_node_ids())
            self._ask(grid, there)
            self._hear(grid, there)
            for node in self._said.keys() & there:
                self._take(node, self._said.pop(node), there)
            found = {name: node for name, node in self.nodes.items() if node in there}
            left = end - time.monotonic()
            if len(found) >= at_least or left <= 0.0:
                return found
            time.sleep(min(every_s, left))

    def _ask(self, grid: Grid, there: set[int]) -> None:
        known = {*self.nodes.values(), *self.refused, *self._asked.values()}
        new = [
            Message(RecordDict(), node, MessageType.QUERY, ttl=self._ttl_s)
            for node in sorted(there - known)
        ]
        if new:
            grid.push_messages(new)
            self._asked |= {one.metadata.message_id: one.metadata.dst_node_id for one in new}

    def _hear(self, grid: Grid, there: set[int]) -> None:
        if not self._asked:
            return
        replies: Iterable[Message] = grid.pull_messages(list(self._asked))
        for reply in replies:
            node = self._asked.pop(reply.metadata.reply_to_message_id, None)
            if node is None:
                continue
            if reply.has_error():
                if reply.error.code == 2:  # its ClientApp failed: asked again it would again
                    self._refuse(node, f"could not say who it is: {reply.error.reason}")
                continue
            self._take(node, reply.content, there)

    def _take(self, node: int, content: RecordDict, there: set[int]) -> None:
        try:
            self._join(node, content, there)
        except Exception as error:  # whatever a client says must not stop the run
            self._refuse(node, str(error))

    def _join(self, node: int, content: RecordDict, there: set[int]) -> None:
        name, columns = read_join(content)
        holder = self.nodes.get(name)
        if holder is not None and holder in there:
            self._said[node] = content
            raise ValueError(f"learner {shown(name)} is node {holder} already")
        if name not in self._fleet:
            if not columns:
                raise ValueError(
                    f"there is no learner {shown(name)} in the fleet, and it says nothing"
                )
            self._fleet.add(name, **columns)
        self.nodes[name] = node
        self.refused.pop(node, None)
        log(INFO, "learner %s is node %d", plain(name, 100), node)

    def _refuse(self, node: int, reason: str) -> None:
        why = plain(reason, _LONGEST_REASON)
        if self.refused.get(node) != why:
            log(WARNING, "node %d is not called: %s", node, why)
        self.refused[node] = why
