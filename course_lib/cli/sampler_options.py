"""The options of all commands that sample: which sampler, how many steps, which guide."""

from typing import Annotated

import typer

from course_lib.types import SamplerName, Spacing

SamplerOption = Annotated[
    SamplerName | None, typer.Option("--sampler", help="How to get from noise to samples.  [default: dpm_solver]")
]
StepsOption = Annotated[
    int | None,
    typer.Option(
        "--steps",
        min=1,
        help="How many.  [default: dpm_solver 16, ddim 20, heun 8, ancestral all of the network's schedule]",
    ),
]
SpacingOption = Annotated[
    Spacing | None,
    typer.Option(
        "--spacing", help="At which noise levels.  [default: log_snr for dpm_solver and heun, trailing for the others]"
    ),
]
EtaOption = Annotated[
    float, typer.Option("--eta", min=0, max=1, help="How much fresh noise ddim takes: 0 none, 1 as much as ancestral.")
]
GuideOption = Annotated[
    str,
    typer.Option(
        "--guide",
        help="What guides: a weaker network (its checkpoint), labels (the network itself without its labels), none, "
        "or auto for the one that the course uses.",
    ),
]
GuideWeightOption = Annotated[
    float | None,
    typer.Option("--guide-weight", min=0, help="1 is the network alone; more goes further.  [default: the course's]"),
]
