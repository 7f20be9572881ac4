"""The two sides of what has platforms and modules: datasets and models."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, Dict, Tuple

import numpy as np

from . import _native as native
from . import _structs as s
from ._native import Handle


class Sides:
    """Names and features of platforms and modules."""

    _kind: ClassVar[str]  #: "dataset" or "model", as functions of the library are called
    _handle: Handle
    _names: Dict[int, Tuple[str, ...]]

    def _side_names(self, side: int) -> Tuple[str, ...]:
        if side not in self._names:
            self._names[side] = tuple(native.strings(f"pitot_{self._kind}_names", self._handle.pointer, side))
        return self._names[side]

    def _side_feature_names(self, side: int) -> Tuple[str, ...]:
        return tuple(native.strings(f"pitot_{self._kind}_feature_names", self._handle.pointer, side))

    def _side_features(self, side: int) -> "np.ndarray[Any, Any]":
        values, rows, columns = ctypes.POINTER(ctypes.c_double)(), ctypes.c_int64(), ctypes.c_int64()
        native.call(
            f"pitot_{self._kind}_features",
            self._handle.pointer,
            side,
            ctypes.byref(values),
            ctypes.byref(rows),
            ctypes.byref(columns),
        )
        return native.borrowed(self._handle, values, (rows.value, columns.value), np.float64)

    @property
    def platforms(self) -> Tuple[str, ...]:
        """Names of platforms."""
        return self._side_names(s.PLATFORMS)

    @property
    def modules(self) -> Tuple[str, ...]:
        """Names of modules."""
        return self._side_names(s.MODULES)

    @property
    def platform_feature_names(self) -> Tuple[str, ...]:
        """Names of the platforms' features."""
        return self._side_feature_names(s.PLATFORMS)

    @property
    def module_feature_names(self) -> Tuple[str, ...]:
        """Names of the modules' features."""
        return self._side_feature_names(s.MODULES)

    @property
    def platform_features(self) -> "np.ndarray[Any, Any]":
        """Features, a row a platform, in memory of the library's."""
        return self._side_features(s.PLATFORMS)

    @property
    def module_features(self) -> "np.ndarray[Any, Any]":
        """ln(1 + count), a row a module, in memory of the library's."""
        return self._side_features(s.MODULES)
