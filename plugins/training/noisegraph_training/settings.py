"""What is typed into the nodes that train: the ranges of their numbers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Levels = Annotated[int, Field(ge=2)]
Part = Literal["all", "train", "held out"]
"""Of the examples that there are."""
Objective = Literal["explicit", "implicit", "denoising", "sliced"]
"""Of score matching: Hyvärinen 2005, the same; Vincent 2011; Song et al. 2019."""
Precision = Literal["float32", "bfloat16", "float16"]
