"""Figures of the tests go to memory, whatever MPLBACKEND says in the shell."""

import os

os.environ["MPLBACKEND"] = "agg"
