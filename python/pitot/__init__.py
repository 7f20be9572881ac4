"""How long will this WebAssembly module take on that platform, and which time will it not exceed?

Examples
--------
>>> model = pitot.fit("examples/fleet.csv")
>>> answer = model.predict("jit.board", "matmul", confidence=[0.5, 0.9])
>>> answer.upper_us.shape
(2,)
"""

from ._config import Config, presets
from ._dataset import Dataset
from ._errors import BugError, CancelledError, Error, InputError, MachineError, PitotWarning, UsageError
from ._evaluation import Bound, Evaluation, Objective, evaluate
from ._fit import fit
from ._learning import Advice, Explanation, Neighbour, Observation
from ._model import Model
from ._native import FOUND_AS as library_path
from ._native import version
from ._predictions import Prediction

__version__ = version()

load = Model.load

__all__ = [
    "Advice",
    "Bound",
    "BugError",
    "CancelledError",
    "Config",
    "Dataset",
    "Error",
    "Evaluation",
    "Explanation",
    "InputError",
    "MachineError",
    "Model",
    "Neighbour",
    "Objective",
    "Observation",
    "PitotWarning",
    "Prediction",
    "UsageError",
    "evaluate",
    "fit",
    "library_path",
    "load",
    "presets",
    "version",
]
