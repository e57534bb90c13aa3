"""Running notebooks in kernels, several at a time, and stopping all of them at once."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.errors import CourseError

CELL_SECONDS = 2000  # as nbval: the longest takes 90 on one core, and a busy machine may be ten times slower


class NotebookError(CourseError):
    """A notebook that cannot be built, or must not be replaced."""


class Kernels:
    """The kernels that run just now. `execute` may be called from several threads, `stop` from another."""

    def __init__(self) -> None:
        self._clients: list[NotebookClient] = []
        self._stopped = threading.Event()

    def execute(self, notebook: NotebookNode, name: str, folder: Path, environment: dict[str, str]) -> None:
        """Run the cells of `notebook` in a new kernel, in `folder`, and put their outputs into it.

        Raises NotebookError, which begins with `name`, if a cell fails, takes too long or ends its kernel, if no kernel
        starts, and after `stop`.
        """
        begun = [""]

        def begin(cell: NotebookNode, cell_index: int) -> None:
            begun.append(cell.id)
            if self._stopped.is_set():
                raise NotebookError(f"{name}: stopped.")

        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=begin,
        )
        self._clients.append(client)
        try:
            client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError) as error:
            raise NotebookError(f"{name}: a cell failed.\n{error}") from None
        except DeadKernelError:
            raise NotebookError(f"{name}: the kernel died in cell {begun[-1]}: out of memory, or killed.") from None
        except (NoSuchKernel, RuntimeError) as error:
            raise NotebookError(f"{name}: no kernel could be started ({error}). Run `course doctor`.") from None
        finally:
            self._clients.remove(client)

    def stop(self) -> None:
        """Kill every kernel and start no other: each `execute` then raises NotebookError within about a second."""
        self._stopped.set()
        for client in list(self._clients):
            provisioner = getattr(
                client.km, "provisioner", None
            )  # none before the kernel starts and after it has ended
            if provisioner is not None:
                with suppress(OSError):
                    asyncio.run(provisioner.kill())
