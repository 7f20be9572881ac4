"""Long work: in a thread of its own, so that Ctrl-C and progress are seen meanwhile, and ends cleanly when asked to."""

from __future__ import annotations

import atexit
import ctypes
import sys
import threading
import time
from typing import Any, Callable, Optional, Sequence, Union

import numpy as np

from . import _native as native
from . import _structs as s
from ._errors import CancelledError, UsageError

#: What `progress` may be: None (a bar where somebody looks), True, False, or a function of steps done and in all.
Progress = Union[None, bool, Callable[[int, int], Any]]

_INTERVAL = 0.1  # seconds between looks at progress
_DELAY = 0.5  # seconds before a bar is shown


def _in_notebook() -> bool:
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


def _is_watched() -> bool:
    try:
        return _in_notebook() or sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


class _PlainBar:
    """A line that says how far work is, for where tqdm is not installed."""

    def __init__(self, label: str) -> None:
        self._label = label

    def show(self, done: int, total: int) -> None:
        share = 100 * done // total if total else 0
        sys.stderr.write(f"\r{self._label}: {share:3d} % ({done} of {total} steps)")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\r" + " " * 78 + "\r")
        sys.stderr.flush()


class _TqdmBar:
    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None

    def show(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = _bar_type()(total=total, desc=self._label, leave=False)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _bar_type() -> Any:
    import tqdm

    if _in_notebook():
        try:
            import ipywidgets  # noqa: F401
            from tqdm.notebook import tqdm as notebook_bar

            return notebook_bar
        except ImportError:
            pass
    return tqdm.tqdm


def _new_bar(label: str) -> Union[_PlainBar, _TqdmBar]:
    try:
        import tqdm  # noqa: F401
    except ImportError:
        return _PlainBar(label)
    return _TqdmBar(label)


class _Display:
    """Shows progress to whoever wants it, from the thread that asked for the work."""

    def __init__(self, progress: Progress, label: str) -> None:
        if not (progress is None or isinstance(progress, bool) or callable(progress)):
            raise UsageError(f"progress is {progress!r}; give None, True, False or a function of two numbers")
        self._tell = progress if callable(progress) else None
        shown = _is_watched() if progress is None else progress is True
        self._bar = _new_bar(label) if shown else None
        self._began = time.monotonic()
        self._last = -1

    def wanted(self) -> bool:
        return self._tell is not None or self._bar is not None

    def show(self, done: int, total: int) -> bool:
        """Returns whether work is to go on."""
        if done == self._last:
            return True
        self._last = done
        if self._tell is not None:
            return self._tell(done, total) is not False
        if self._bar is not None and time.monotonic() - self._began > _DELAY:
            self._bar.show(done, total)
        return True

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _cards(devices: "Optional[Sequence[int]]") -> "np.ndarray[Any, Any]":
    numbers = [native.whole_number(number, "a number among devices") for number in (() if devices is None else devices)]
    if not all(0 <= number < 2**31 for number in numbers):
        raise UsageError(f"devices are {devices!r}; give numbers of cards, from 0")
    return np.array(numbers, dtype=np.int32)


def run(
    label: str,
    work: Callable[[Any], native.Handle],
    *,
    threads: int = 0,
    backend: Optional[str] = None,
    devices: "Optional[Sequence[int]]" = None,
    precision: Optional[str] = None,
    progress: Progress = None,
) -> native.Handle:
    """Runs work of the library that takes run options.

    Parameters
    ----------
    label
        What the bar calls it.
    work
        Is called with a pointer to the options, in a thread of its own.
    threads
        Threads to use; 0: as many as this process may run on.
    backend, devices, precision
        As `pitot.fit`.
    progress
        Who is told how far the work is.

    Returns
    -------
    Handle
        What the work made.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C was pressed. The work has ended by then.
    CancelledError
        The progress function returned False.
    """
    threads = native.whole_number(threads, "threads")
    cards = _cards(devices)
    display = _Display(progress, label)
    stop = native.make("stop", "pitot_stop_new")
    state = {"done": 0, "total": 0}

    def report(done: int, total: int, _data: Any) -> int:
        state.update(done=done, total=total)
        return 0

    callback = s.PROGRESS(report) if display.wanted() else s.PROGRESS(0)
    options = s.sized(
        s.RunOptions,
        backend=None if backend is None else native.text_argument(backend),
        stop=stop.pointer,
        progress=callback,
        threads=threads,
        precision=None if precision is None else native.text_argument(precision),
        devices=native.pointer_to(cards, ctypes.c_int32),
        device_count=cards.size,
    )
    result: "dict[str, Any]" = {"stop": stop}  # lives as long as the work does
    finished = threading.Event()

    def body() -> None:
        _running[finished] = stop
        try:
            result["handle"] = work(ctypes.byref(options))
        except BaseException as error:  # handed on to the thread that waits
            result["error"] = error
        finally:
            _running.pop(finished, None)
            finished.set()

    thread = threading.Thread(target=body, name="pitot", daemon=True)
    wish: Optional[BaseException] = None
    try:
        thread.start()
        while not finished.wait(_INTERVAL):
            if state["total"] and not display.show(state["done"], state["total"]):
                raise CancelledError(f"{label} was stopped by its progress function")
    except BaseException as error:
        wish = error
        if thread.ident is not None:  # it was begun
            _end(stop, finished)
    if wish is None and "error" not in result and state["total"]:
        display.show(state["done"], state["total"])
    display.close()
    if wish is not None:
        raise wish
    if "error" in result:
        raise result["error"]
    handle = result["handle"]
    assert isinstance(handle, native.Handle)
    return handle


def _end(stop: native.Handle, finished: threading.Event) -> None:
    """Ends work, however impatient whoever presses Ctrl-C is: it uses memory of ours."""
    while not finished.is_set():
        try:
            native.call("pitot_stop_request", stop.pointer)
            finished.wait()
        except KeyboardInterrupt:
            continue


#: Work that goes on: what stops it, by what tells that it has ended.
_running: "dict[threading.Event, native.Handle]" = {}


def _end_all() -> None:
    """Python is about to leave: progress that is told to it then would end the process."""
    for finished, stop in list(_running.items()):
        _end(stop, finished)


atexit.register(_end_all)
