"""The part of the interface that hears keys before any widget does, and holds those that are typed ahead."""

from __future__ import annotations

import time
from functools import cached_property

from textual.events import Event, Key

from ..folders import config_folder
from .commands.table import CHORDS, COMMANDS
from .keys.chords import PATIENCE, chords_of
from .keys.hearing import Hearing
from .working import Working


class Keyed(Working):
    """Keys that begin or end a chord, and digits that count, are heard here; what they mean is done by `act`."""

    @cached_property
    def _hearing(self) -> Hearing:
        return self._new_hearing(CHORDS)

    @cached_property
    def _held(self) -> list[Key]:
        return []

    def _new_hearing(self, chords: dict[str, tuple[str, ...]]) -> Hearing:
        alone = {key: one.id for one in COMMANDS.values() for key in one.single_keys.split(",") if key}
        return Hearing(chords_of(chords), alone, self.act)

    def take_keymap(self) -> None:
        """Take the keys that the user chose, and tell what is wrong with them."""
        from .keys.keymap import read_keymap

        known = {binding.id for pane in self.main.walk_children() for _, binding in pane._bindings if binding.id}
        found = read_keymap(config_folder() / "keys.json", known | COMMANDS.keys())
        chords = {name: (keys,) for name, keys in found.keys.items() if len(keys) == 2 and keys.isalpha()}
        self._hearing = self._new_hearing({**CHORDS, **chords})
        self.set_keymap({name: keys for name, keys in found.keys.items() if name not in chords})
        for problem in found.problems:
            self.tell(problem, "error")

    async def on_event(self, event: Event) -> None:
        """Keys that begin or end a chord, and digits that count, are seen before any widget sees them.

        Keys that are typed before what they are meant for has the focus, a pane or a box, are held until then; those
        that come while the app is being closed are nobody's.
        """
        if isinstance(event, Key) and not self.screen_stack:
            return
        if isinstance(event, Key) and not event.is_forwarded:
            if self._unsettled:
                self._held.append(event)
                return
            self._hearing.at = event.time
            if self._acts(event) and self._hearing.hear(event.key):
                self.set_timer(1.1 * PATIENCE, lambda: self._hearing.expire(time.monotonic()))
                return
            if self._acts(event) and await self._done(event.key):
                return
        await super().on_event(event)

    @property
    def _unsettled(self) -> bool:
        on_top = self.screen if len(self.screen_stack) > 1 else None
        return not getattr(on_top, "settled", True) if on_top is not None else self.main.going > 0

    async def _done(self, key: str) -> bool:
        """Do at once what a key of a pane is bound to: handed from widget to widget, it is overtaken by the next."""
        bound = self.screen.active_bindings.get(key)
        in_text = self.focused is not None and self.focused.check_consume_key("a", "a")
        if bound is None or not bound.enabled or key == "escape" or in_text:
            return False
        await self.run_action(bound.binding.action, bound.node)
        return True

    async def _on_awaiting_arrived(self) -> None:
        await self._type_held()

    async def _on_dialog_settled(self) -> None:
        await self._type_held()

    async def _type_held(self) -> None:
        if not self._unsettled:
            held, self._held = self._held, []
            for key in held:
                again = Key(key.key, key.character)  # the event itself was dispatched once, and is used up
                again.time = key.time
                await self.on_event(again)

    def _acts(self, event: Key) -> bool:
        """Whether a letter is a command here, and not a part of a text."""
        here = self.focused
        return len(self.screen_stack) == 1 and (here is None or not here.check_consume_key(event.key, event.character))

    def count(self) -> int:
        """The number that was pressed before the command."""
        return self._hearing.count.take()
