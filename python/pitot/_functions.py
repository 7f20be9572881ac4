"""The functions of ``pitot/c.h``: what each takes and returns; a test compares them with the header."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_uint8, c_void_p
from typing import Any, Dict, Tuple

from . import _structs as s

_handle = c_void_p
_out = POINTER(c_void_p)
_rows = POINTER(c_int32)
_longs = POINTER(c_int64)
_doubles = POINTER(c_double)
_bytes = POINTER(c_uint8)
_run = POINTER(s.RunOptions)
_combinations = POINTER(s.Combinations)

_STATUS: Dict[str, Tuple[Any, ...]] = {
    "pitot_strings_get": (_handle, POINTER(s.Texts)),
    "pitot_bytes_get": (_handle, _out, _longs),
    "pitot_stop_new": (_out,),
    "pitot_stop_request": (_handle,),
    "pitot_presets": (_out, _out),
    "pitot_config_preset": (c_char_p, _out),
    "pitot_config_default": (_handle, _out),
    "pitot_config_from_json": (c_char_p, c_int64, _handle, _out),
    "pitot_config_load": (c_char_p, _handle, _out),
    "pitot_config_copy": (_handle, _out),
    "pitot_config_apply_json": (_handle, c_char_p, c_int64),
    "pitot_config_set": (_handle, c_char_p),
    "pitot_config_validate": (_handle,),
    "pitot_config_to_json": (_handle, _out),
    "pitot_config_save": (_handle, c_char_p),
    "pitot_dataset_read": (POINTER(s.Input), c_int64, POINTER(s.ReadOptions), _out),
    "pitot_dataset_from_columns": (POINTER(s.Side), POINTER(s.Side), _combinations, _doubles, _out),
    "pitot_dataset_save": (_handle, c_char_p, c_int32),
    "pitot_dataset_to_bytes": (_handle, c_int32, _out),
    "pitot_dataset_get": (_handle, POINTER(s.DatasetView)),
    "pitot_dataset_names": (_handle, c_int32, _out),
    "pitot_dataset_feature_names": (_handle, c_int32, _out),
    "pitot_dataset_features": (_handle, c_int32, POINTER(_doubles), _longs, _longs),
    "pitot_dataset_sources": (_handle, _out),
    "pitot_dataset_notes": (_handle, _out),
    "pitot_dataset_digest": (_handle, _out),
    "pitot_fit": (_handle, _handle, _run, _out),
    "pitot_model_load": (c_char_p, _out),
    "pitot_model_from_bytes": (c_void_p, c_int64, _out),
    "pitot_model_save": (_handle, c_char_p),
    "pitot_model_to_bytes": (_handle, _out),
    "pitot_model_get": (_handle, POINTER(s.ModelView)),
    "pitot_model_config": (_handle, _out),
    "pitot_model_dataset_digest": (_handle, _out),
    "pitot_model_names": (_handle, c_int32, _out),
    "pitot_model_feature_names": (_handle, c_int32, _out),
    "pitot_model_features": (_handle, c_int32, POINTER(_doubles), _longs, _longs),
    "pitot_model_notes": (_handle, _out),
    "pitot_model_find": (_handle, c_int32, POINTER(s.Texts), c_int32, _rows),
    "pitot_model_rows": (_handle, c_int32, _bytes, _longs, _rows, _doubles),
    "pitot_model_with_rows": (_handle, POINTER(s.Side), POINTER(s.Side), _out),
    "pitot_predict": (_handle, _combinations, _doubles, c_int64, POINTER(s.Predictions)),
    "pitot_evidence": (_handle, _combinations, _bytes),
    "pitot_bound_sources": (_handle, _combinations, c_double, _bytes, _bytes, _longs, _out),
    "pitot_observe": (_handle, _handle, _out, _out),
    "pitot_observation_get": (_handle, POINTER(s.ObservationView)),
    "pitot_observation_to_json": (_handle, _out),
    "pitot_advise": (_handle, POINTER(s.AdviseOptions), _run, _out),
    "pitot_advice_get": (_handle, POINTER(s.AdviceView)),
    "pitot_advice_to_json": (_handle, _out),
    "pitot_explain": (_handle, c_int32, c_int32, c_int64, _out),
    "pitot_explanation_get": (_handle, POINTER(s.ExplanationView)),
    "pitot_explanation_to_json": (_handle, _out),
    "pitot_evaluate": (_handle, _handle, POINTER(s.EvaluateOptions), _run, _out),
    "pitot_evaluation_get": (_handle, POINTER(s.EvaluationView)),
    "pitot_evaluation_objective": (_handle, c_int64, POINTER(s.ObjectiveView)),
    "pitot_evaluation_bound": (_handle, c_int64, c_int64, POINTER(s.BoundView)),
    "pitot_evaluation_to_json": (_handle, _out),
}

#: What is freed: pitot_NAME_free().
HANDLES = (
    "strings",
    "bytes",
    "stop",
    "config",
    "dataset",
    "model",
    "observation",
    "advice",
    "explanation",
    "evaluation",
)

#: Name of a function: what it returns, and what it takes.
PROTOTYPES: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "pitot_version": (c_char_p, ()),
    "pitot_version_number": (c_int32, ()),
    "pitot_last_error": (c_char_p, ()),
    "pitot_last_error_status": (c_int32, ()),
    **{name: (c_int32, arguments) for name, arguments in _STATUS.items()},
    **{f"pitot_{name}_free": (None, (_handle,)) for name in HANDLES},
}


def declare(library: ctypes.CDLL) -> None:
    """Tells ctypes the prototypes of a library's functions."""
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = list(arguments)
