"""The pictures of one run, step after step: one looks at the newest, or winds back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .blocks import Pixels

MOST = 60
"""So many steps are kept; of more, every other one."""


@dataclass(frozen=True)
class Frame:
    """A picture and the step that it shows; step 0 is what came out in the end."""

    picture: Pixels
    step: int = 0
    of: int = 0
    file: str = ""
    node: str = ""
    """The loop whose step it is."""

    @property
    def final(self) -> bool:
        """Whether it is a result, and no step towards it."""
        return self.step == 0

    @property
    def title(self) -> str:
        """What it is, in words."""
        told = f"{self.picture.width} x {self.picture.height}"
        return told if self.final else f"step {self.step}/{self.of} · {told}"


@dataclass(frozen=True)
class Reel:
    """Frames in order; `at` is the one that is looked at, None for always the newest."""

    frames: tuple[Frame, ...] = ()
    at: int | None = None

    @property
    def index(self) -> int:
        """Which frame is looked at."""
        return len(self.frames) - 1 if self.at is None else self.at

    @property
    def frame(self) -> Frame | None:
        """The frame that is looked at."""
        return self.frames[self.index] if self.frames else None

    def add(self, frame: Frame) -> Reel:
        """With a newer frame; a step before the last one, or after a result, begins a new reel."""
        last = self.frames[-1] if self.frames else None
        if last is not None and not frame.final and (last.final or frame.step < last.step):
            return Reel((frame,))
        if last is not None and frame.step == last.step and frame.of == last.of and not frame.final:
            return replace(self, frames=(*self.frames[:-1], frame))
        frames = (*self.frames, frame)
        if len(frames) <= MOST:
            return replace(self, frames=frames)
        newest = len(frames) - 1
        kept = sorted({*range(0, newest, 2), newest} | (set() if self.at is None else {self.at}))
        return Reel(tuple(frames[one] for one in kept), None if self.at is None else kept.index(self.at))

    def sharper(self, file: str, picture: Pixels) -> Reel:
        """With the picture of this file in place of the small one."""
        if not any(frame.file == file for frame in self.frames):
            return self
        frames = (replace(frame, picture=picture) if frame.file == file else frame for frame in self.frames)
        return replace(self, frames=tuple(frames))

    def wind(self, by: int) -> Reel:
        """So many frames on; past the last one, the newest is followed again."""
        if not self.frames:
            return self
        index = self.index + by
        return replace(self, at=None if index >= len(self.frames) - 1 else max(index, 0))
