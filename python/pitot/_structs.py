"""The structs of ``pitot/c.h``, field by field; a test compares them with what a C compiler makes of the header."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8, c_void_p
from typing import Any, Type, TypeVar

# Statuses.
OK, USAGE, INPUT, ENVIRONMENT, CANCELLED, BUG = range(6)
# The two sides of the matrix.
PLATFORMS, MODULES = range(2)
# Layouts of archives.
LAYOUT_INDEX, LAYOUT_DENSE = range(2)
# What a prediction rests on.
BASIS_MEASURED, BASIS_FEATURES, BASIS_AVERAGE, BASIS_APART = range(4)
# Why there is no bound.
BOUND_GIVEN, NO_BOUND_NEVER_MEASURED, NO_BOUND_APART, NO_BOUND_FEW_CALIBRATION_ROWS = range(4)
# What is known of a combination.
EVIDENCE_NONE, EVIDENCE_LEARNED, EVIDENCE_SET_ASIDE, EVIDENCE_UNUSED = range(4)
EVIDENCE_UNKNOWN = 255
# Where the scores of a bound come from.
BOUND_FROM_SET_ASIDE, BOUND_FROM_LEAVE_ONE_OUT, BOUND_FROM_HELD_OUT = range(3)

_doubles = POINTER(c_double)
_rows = POINTER(c_int32)
_longs = POINTER(c_int64)

PROGRESS = ctypes.CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)

_S = TypeVar("_S", bound=Structure)


def sized(kind: Type[_S], **fields: Any) -> _S:
    """A struct that says its own size, with the fields given and zeros elsewhere."""
    return kind(struct_size=ctypes.sizeof(kind), **fields)


class Texts(Structure):
    _fields_ = [("count", c_int64), ("offsets", _longs), ("bytes", c_void_p), ("size", c_int64)]


class Input(Structure):
    _fields_ = [("path", c_char_p), ("data", c_void_p), ("size", c_int64)]


class Combinations(Structure):
    _fields_ = [
        ("rows", c_int64),
        ("platform", _rows),
        ("module", _rows),
        ("co_runners", _rows),
        ("co_runner_count", c_int64),
        ("co_runner_offsets", _longs),
        ("co_runner_width", c_int64),
    ]


class Side(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("names", Texts),
        ("feature_names", Texts),
        ("features", _doubles),
        ("counts", c_int32),
        ("reserved", c_int32),
    ]


class RunOptions(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("backend", c_char_p),
        ("stop", c_void_p),
        ("progress", PROGRESS),
        ("progress_data", c_void_p),
        ("threads", c_int32),
        ("reserved", c_int32),
        ("precision", c_char_p),
        ("devices", POINTER(c_int32)),
        ("device_count", c_int32),
        ("reserved_end", c_int32),
    ]


class ReadOptions(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("platform_features", Input),
        ("module_features", Input),
        ("unit", c_char_p),
        ("device", c_char_p),
        ("column_roles", Texts),
        ("column_names", Texts),
        ("skip_invalid", c_int32),
        ("allow_unknown_unit", c_int32),
        ("decimal_mark", c_int32),
        ("reserved", c_int32),
    ]


class DatasetView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("platforms", c_int64),
        ("modules", c_int64),
        ("platform_features", c_int64),
        ("module_features", c_int64),
        ("rows", c_int64),
        ("rows_alone", c_int64),
        ("dropped_rows", c_int64),
        ("platform", _rows),
        ("module", _rows),
        ("runtime_us", _doubles),
        ("co_runners", _rows),
        ("co_runner_width", c_int64),
    ]


class ModelView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("platforms", c_int64),
        ("modules", c_int64),
        ("platform_features", c_int64),
        ("module_features", c_int64),
        ("measured_pairs", c_int64),
        ("calibration_rows_alone", c_int64),
        ("calibration_rows_beside", c_int64),
        ("calibrated_co_runners", c_int64),
        ("parts", c_int32),
        ("has_deviation", c_int32),
        ("learns_on", c_int32),
        ("tells_co_runners", c_int32),
    ]


class Predictions(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("runtime_us", _doubles),
        ("deviation", _doubles),
        ("upper_us", _doubles),
        ("lower_us", _doubles),
        ("basis", POINTER(c_uint8)),
        ("no_bound", POINTER(c_uint8)),
    ]


class ObservationView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("runs", c_int64),
        ("runs_beside", c_int64),
        ("new_pairs", c_int64),
        ("known_pairs", c_int64),
        ("left_out", c_int64),
        ("no_more_calibrating", c_int64),
        ("folded_in", c_int64),
        ("fitted_pairs", c_int64),
        ("bounded_pairs", c_int64),
        ("covered_pairs", c_int64),
        ("confidence", c_double),
        ("log_likelihood", c_double),
        ("expected_log_likelihood", c_double),
        ("surprise", c_double),
        ("mean_error", c_double),
        ("reason", c_char_p),
        ("refit_due", c_int32),
        ("recalibrated", c_int32),
    ]


class AdviseOptions(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("budget", c_int64),
        ("platforms", _rows),
        ("platform_count", c_int64),
        ("modules", _rows),
        ("module_count", c_int64),
        ("among_platform", _rows),
        ("among_module", _rows),
        ("among_count", c_int64),
        ("by_seconds", c_int32),
        ("reserved", c_int32),
    ]


class AdviceView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("pairs", c_int64),
        ("platform", _rows),
        ("module", _rows),
        ("runtime_us", _doubles),
        ("error", _doubles),
        ("margin", _doubles),
        ("targets", c_int64),
        ("error_now", c_double),
        ("margin_now", c_double),
    ]


class ExplanationView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("answer", c_double),
        ("deviation", c_double),
        ("terms", c_int64),
        ("term_names", Texts),
        ("term_values", _doubles),
        ("parts", c_int64),
        ("part_names", Texts),
        ("part_variances", _doubles),
        ("near", c_int64),
        ("near_platform", _rows),
        ("near_module", _rows),
        ("near_co_runner_offsets", _longs),
        ("near_co_runners", _rows),
        ("near_runs", _longs),
        ("near_mean", _doubles),
        ("near_weight", _doubles),
        ("near_answer", c_double),
        ("weighed", c_int64),
        ("learned_from", c_int64),
    ]


class EvaluateOptions(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("share", c_double),
        ("replicates", c_int64),
        ("confidences", _doubles),
        ("confidence_count", c_int64),
    ]


class EvaluationView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("objectives", c_int64),
        ("replicates", c_int64),
        ("replicates_asked", c_int64),
        ("steps", c_int64),
        ("seconds", c_double),
        ("complete", c_int32),
        ("reserved", c_int32),
    ]


class ObjectiveView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("objective", c_char_p),
        ("test_rows", c_int64),
        ("calibration_rows", c_int64),
        ("error", c_double),
        ("error_std", c_double),
        ("baseline_error", c_double),
        ("baseline_error_std", c_double),
        ("replicate_errors", c_int64),
        ("replicate_error", _doubles),
        ("replicate_baseline_errors", c_int64),
        ("replicate_baseline_error", _doubles),
        ("percentiles", _doubles),
        ("baseline_percentiles", _doubles),
        ("bounds", c_int64),
    ]


class BoundView(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("confidence", c_double),
        ("coverage", c_double),
        ("coverage_std", c_double),
        ("over_provisioning", c_double),
        ("over_provisioning_std", c_double),
        ("rows_without_bound", c_int64),
        ("unavailable", c_char_p),
    ]
