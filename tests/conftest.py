"""Figures of the tests go to memory, whatever MPLBACKEND says in the shell."""

import os

from faults.counting import pytest_terminal_summary  # noqa: F401

os.environ["MPLBACKEND"] = "agg"
