"""Figures in a notebook, whatever backend the shell names for matplotlib.

MPLBACKEND=agg is usual on clusters and in containers, and meant for scripts. A kernel inherits it, and its
notebook then shows no figure and gives no reason. Importing course_lib imports this module, so it stays light.
"""

import importlib.util
import os
import re
import sys
from typing import Any

INLINE = "module://matplotlib_inline.backend_inline"

# How somebody says in a cell that a backend is wanted.
CHOICE = re.compile(r"%matplotlib\b|\bswitch_backend\(|\b(matplotlib|mpl)\.use\(|rcParams\[.backend.\]")


def show_figures() -> None:
    """In a notebook's kernel, show figures inline where MPLBACKEND names a backend that shows none there.

    What the cells have chosen stays (`%matplotlib widget`, `plt.switch_backend`), and so does whatever they choose
    later. Does nothing in a plain Python process, nor in IPython on a terminal: there MPLBACKEND is the user's.
    """
    shell = _kernel_shell()
    named = os.environ.get("MPLBACKEND", "")
    if shell is None or shows_in_notebooks(named):
        return
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        os.environ["MPLBACKEND"] = INLINE  # matplotlib reads it when it is imported
        return
    in_use = dict.__getitem__(matplotlib.rcParams, "backend")  # looking it up the usual way could choose one
    if in_use == named and not any(CHOICE.search(cell) for cell in shell.history_manager.input_hist_raw):
        shell.enable_matplotlib("inline")

        def show_what_was_drawn_before() -> None:
            shell.events.unregister("post_execute", show_what_was_drawn_before)
            matplotlib.pyplot.show()

        shell.events.register("post_execute", show_what_was_drawn_before)


def shows_in_notebooks(named: str) -> bool:
    """Whether MPLBACKEND=`named` shows figures in a notebook. ipykernel takes "" for inline; ipympl makes widgets."""
    if named in ("ipympl", "widget", "module://ipympl.backend_nbagg"):
        return importlib.util.find_spec("ipympl") is not None
    return named in ("", "inline", INLINE)


def remark() -> str:
    """What MPLBACKEND does here and, if that is not wanted, what to do; "" where there is nothing to say."""
    named = os.environ.get("MPLBACKEND", "")
    if shows_in_notebooks(named):
        return ""
    try:
        from matplotlib.backends import backend_registry

        backend_registry.load_backend_module(named)
    except (ImportError, ValueError, RuntimeError):
        effect = "matplotlib cannot load it, so scripts that draw will fail: unset it"
    else:
        effect = "scripts draw with it"
    return f"MPLBACKEND is set to {named!r}: {effect}. The course's notebooks show their figures all the same."


def _kernel_shell() -> Any | None:
    """The shell that runs a notebook's cells, or None where no notebook runs."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if getattr(shell, "kernel", None) is not None else None
