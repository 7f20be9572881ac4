"""Files, and bytes of files, as what a dataset is read from."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, List, Optional, Union

from . import _native as native
from . import _structs as s
from ._errors import UsageError
from ._native import Handle, PathLike

#: A file by its path, or the bytes of one.
Source = Union[PathLike, bytes]


@dataclass(frozen=True)
class Options:
    """The arguments of `Dataset.load`."""

    unit: Optional[str]
    device: Optional[str]
    platform_features: Optional[Source]
    module_features: Optional[Source]
    columns: "Optional[Mapping[str, str]]"
    decimal: Optional[str]
    skip_invalid: bool


def _input(source: Source, kept: List[Any]) -> s.Input:
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        kept.append(data)
        pointer = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
        return s.Input(data=pointer, size=len(data))
    if not isinstance(source, (str, os.PathLike)):
        raise UsageError(f"a {type(source).__name__} is no file; give its path or its bytes")
    path = native.path_argument(source)
    kept.append(path)
    return s.Input(path=path)


def read(sources: "Sequence[Source]", options: Options) -> Handle:
    """Reads sources into one dataset."""
    kept: List[Any] = []
    inputs = (s.Input * max(len(sources), 1))(*[_input(one, kept) for one in sources])
    columns = dict(options.columns or {})
    roles, names = native.TextsBuffer(list(columns)), native.TextsBuffer(list(columns.values()))
    if options.decimal not in (None, ".", ","):
        raise UsageError(f"decimal is {options.decimal!r}; give '.' or ','")
    struct = s.sized(
        s.ReadOptions,
        unit=None if options.unit is None else native.text_argument(options.unit),
        device=None if options.device is None else native.text_argument(options.device),
        column_roles=roles.struct,
        column_names=names.struct,
        skip_invalid=int(options.skip_invalid),
        decimal_mark=0 if options.decimal is None else ord(options.decimal),
    )
    if options.platform_features is not None:
        struct.platform_features = _input(options.platform_features, kept)
    if options.module_features is not None:
        struct.module_features = _input(options.module_features, kept)
    return native.make("dataset", "pitot_dataset_read", inputs, len(sources), ctypes.byref(struct))
