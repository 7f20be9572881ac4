"""Sides and combinations as the library takes them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from . import _native as native
from . import _structs as s
from ._errors import UsageError


class SideBuffer:
    """A side as the library takes it. Its struct is good as long as this object lives."""

    def __init__(
        self,
        names: "Sequence[str]",
        feature_names: "Sequence[str]" = (),
        features: "Optional[np.ndarray[Any, Any]]" = None,
        counts: bool = False,
    ) -> None:
        self._names = native.TextsBuffer(names)
        self._feature_names = native.TextsBuffer(feature_names)
        self._features = None if features is None else np.ascontiguousarray(features, dtype=np.float64)
        shape = (len(names), len(feature_names))
        if self._features is not None and self._features.shape != shape:
            raise UsageError(
                f"features are {' × '.join(map(str, self._features.shape))} where {shape[0]} names and {shape[1]} names "
                "of features stand"
            )
        self.struct = s.sized(
            s.Side,
            names=self._names.struct,
            feature_names=self._feature_names.struct,
            features=native.pointer_to(self._features, ctypes.c_double),
            counts=int(counts),
        )


class CombinationsBuffer:
    """Combinations as the library takes them. Its struct is good as long as this object lives."""

    def __init__(
        self,
        platform: "np.ndarray[Any, Any]",
        module: "np.ndarray[Any, Any]",
        co_runners: "Optional[np.ndarray[Any, Any]]" = None,
        offsets: "Optional[np.ndarray[Any, Any]]" = None,
    ) -> None:
        self._arrays = (platform, module, co_runners, offsets)
        self.struct = s.Combinations(
            rows=platform.size,
            platform=native.pointer_to(platform, ctypes.c_int32),
            module=native.pointer_to(module, ctypes.c_int32),
        )
        if co_runners is not None:
            self.struct.co_runners = native.pointer_to(co_runners, ctypes.c_int32)
            self.struct.co_runner_count = co_runners.size
            if offsets is None:
                self.struct.co_runner_width = co_runners.shape[-1]
            else:
                self.struct.co_runner_offsets = native.pointer_to(offsets, ctypes.c_int64)


def row_numbers(values: Any, what: str) -> "np.ndarray[Any, Any]":
    """Whole numbers as a contiguous array of int32, without a copy where it is that already."""
    array = np.asarray(values)
    if array.dtype == np.int32:
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "iu":
        raise UsageError(f"{what} holds {array.dtype.name} where row numbers are wanted")
    if array.size and (array.max() > 2**31 - 1 or array.min() < -(2**31)):
        raise UsageError(f"{what} holds a number beyond those of rows")
    return np.ascontiguousarray(array, dtype=np.int32)
