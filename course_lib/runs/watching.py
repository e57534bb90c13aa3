"""A run on disk, watched from a notebook."""

from pathlib import Path

from course_lib.pictures.live import LiveTraining
from course_lib.runs.checkpoints import Checkpoint, load_checkpoint
from course_lib.runs.config import Config
from course_lib.runs.folder import CHECKPOINT, LOG
from course_lib.runs.loop import train


def watch(config: Config, out: Path, alternative: str) -> Checkpoint:
    """Train as `config` says in the folder `out`, or go on there, and show it; returns the network as it then is.

    Where a run goes on, the curve that it had is shown, too. An interrupt (Jupyter's stop button) stores the run, and
    what calls this goes on. `alternative` says in words what is shown. Raises what `train` raises, and CheckpointError
    if it was interrupted before its first step.
    """
    with LiveTraining(config.training.steps, alternative, log=out / LOG) as live:
        for progress in train(config, out):
            live.update(progress.step, progress.loss)
    return load_checkpoint(out / CHECKPOINT)
