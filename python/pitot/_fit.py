"""Fits."""

from __future__ import annotations

import warnings
from typing import Any, Optional, Sequence

from . import _native as native
from . import _run
from ._config import ConfigLike, resolve
from ._dataset import dataset_of
from ._errors import PitotWarning
from ._model import Model
from ._run import Progress


def fit(
    data: Any,
    config: ConfigLike = None,
    *,
    seed: Optional[int] = None,
    threads: int = 0,
    backend: Optional[str] = None,
    devices: "Optional[Sequence[int]]" = None,
    precision: Optional[str] = None,
    progress: Progress = None,
) -> Model:
    """Fits a model.

    Parameters
    ----------
    data
        A `Dataset`, a path or several, or a frame as `Dataset.from_frame` takes it.
    config
        The name of a preset, fields by name (``{"preset": "kernel", "seed": 7}``) or a `Config`. By default the preset
        that suits the data.
    seed
        Of all that is random; 42 by default. The same data, configuration and instruction set give the same model to
        the bit.
    threads
        To use; 0: as many as this process may run on.
    backend
        What computes: "cpu", which is the default; "cuda", NVIDIA cards, by a library that was built for them; "auto", cuda
        where a card answers and else cpu; or "reference", slow and plain.
    devices
        Numbers of the cards to use; all by default.
    precision
        What a card multiplies matrices in: "fp32", or faster and rounded "tf32" or "bf16". By default "auto", what the
        backend takes by itself.
    progress
        None: a bar in a terminal or a notebook, by tqdm if it is installed. True or False: a bar or none. Or a function
        of steps done and in all, which is called in this thread, and stops the fit by returning False.

    Raises
    ------
    UsageError
        The configuration is wrong.
    InputError
        The data is, or lacks what the configuration needs.
    KeyboardInterrupt
        Ctrl-C was pressed: the fit has ended.

    Examples
    --------
    >>> model = pitot.fit("examples/fleet.csv", "kernel", seed=7)
    >>> model.config["seed"]
    7
    """
    dataset = dataset_of(data)
    chosen = resolve(config, dataset._handle, seed)
    handle = _run.run(
        "fitting",
        lambda options: native.make("model", "pitot_fit", dataset._handle.pointer, chosen._handle.pointer, options),
        threads=threads,
        backend=backend,
        devices=devices,
        precision=precision,
        progress=progress,
    )
    model = Model._of(handle)
    for note in model.notes:
        warnings.warn(note, PitotWarning, stacklevel=2)
    return model
