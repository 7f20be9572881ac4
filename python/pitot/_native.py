"""Calls into the library: handles, texts, borrowed memory, errors."""

from __future__ import annotations

import ctypes
import json
import operator
import os
from typing import Any, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _functions, _library
from . import _structs as s
from ._errors import UsageError, error_of

PathLike = Union[str, "os.PathLike[str]"]

LIBRARY, FOUND_AS = _library.load()
_functions.declare(LIBRARY)


def check(status: int) -> None:
    """Raises the error that a status stands for; to be called in the thread that made the call."""
    if status != s.OK:
        message = LIBRARY.pitot_last_error() or b"the library gave no reason"
        raise error_of(status, message.decode("utf-8", "replace"))


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a status, and raises what it stands for."""
    check(getattr(LIBRARY, name)(*arguments))


class Handle:
    """A handle of the library, freed with this object."""

    __slots__ = ("pointer", "kind", "_free", "__weakref__")

    def __init__(self, kind: str, pointer: ctypes.c_void_p) -> None:
        self.pointer = pointer
        self.kind = kind
        self._free = getattr(LIBRARY, f"pitot_{kind}_free")

    def __del__(self) -> None:
        free, self._free = getattr(self, "_free", None), None
        if free is not None and self.pointer:
            free(self.pointer)


def make(kind: str, name: str, *arguments: Any) -> Handle:
    """Calls a function whose last argument is where a handle goes.

    Parameters
    ----------
    kind
        Of the handle: "dataset", "model", …
    name
        The function.
    *arguments
        All but the last.
    """
    out = ctypes.c_void_p()
    call(name, *arguments, ctypes.byref(out))
    return Handle(kind, out)


class _Borrowed:
    """Memory that belongs to a handle, for NumPy, which keeps this object as long as an array needs it."""

    def __init__(self, owner: Any, address: int, shape: Tuple[int, ...], kind: str) -> None:
        self.owner = owner
        self.__array_interface__ = {"data": (address, True), "shape": shape, "typestr": kind, "version": 3}


def borrowed(owner: Any, pointer: Any, shape: Tuple[int, ...], kind: Any) -> "np.ndarray[Any, Any]":
    """A read-only array of memory that belongs to a handle, which lives as long as the array."""
    address = ctypes.cast(pointer, ctypes.c_void_p).value
    if not address or 0 in shape:
        return np.zeros(shape, dtype=kind)
    return np.asarray(_Borrowed(owner, address, shape, np.dtype(kind).str))


def whole_number(value: Any, what: str) -> int:
    """A whole number that a caller gave."""
    try:
        return operator.index(value)
    except TypeError:
        raise UsageError(f"{what} is {value!r}; give a whole number") from None


def pointer_to(array: "Optional[np.ndarray[Any, Any]]", kind: Any) -> Any:
    """A pointer to an array's first element, NULL of none. The array has to outlive the call."""
    pointer = ctypes.POINTER(kind)
    return pointer() if array is None or array.size == 0 else ctypes.cast(array.ctypes.data, pointer)


def copied(pointer: Any, count: int) -> "np.ndarray[Any, Any]":
    """A copy of doubles that belong to a handle."""
    return np.array(pointer[:count], dtype=np.float64) if count and pointer else np.zeros(0)


class TextsBuffer:
    """Texts as the library takes them. Its struct is good as long as this object lives."""

    def __init__(self, texts: Sequence[str]) -> None:
        for text in texts:
            if not isinstance(text, str):
                raise UsageError(f"{text!r} is no name; names are texts")
        encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
        self._bytes = b"".join(encoded)
        self._offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in encoded], out=self._offsets[1:])
        self.struct = s.Texts()
        if encoded:
            self.struct.count = len(encoded)
            self.struct.offsets = pointer_to(self._offsets, ctypes.c_int64)
            self.struct.bytes = ctypes.cast(ctypes.c_char_p(self._bytes), ctypes.c_void_p)
            self.struct.size = len(self._bytes)


def texts_of(struct: s.Texts) -> List[str]:
    """The texts of a struct that the library filled."""
    count = int(struct.count)
    if count == 0:
        return []
    offsets = [int(offset) for offset in struct.offsets[: count + 1]]
    content = ctypes.string_at(struct.bytes, struct.size) if struct.size else b""
    return [content[offsets[i] : offsets[i + 1]].decode("utf-8", "surrogateescape") for i in range(count)]


def strings(name: str, *arguments: Any) -> List[str]:
    """Calls a function that returns texts."""
    handle = make("strings", name, *arguments)
    texts = s.Texts()
    call("pitot_strings_get", handle.pointer, ctypes.byref(texts))
    return texts_of(texts)


def content(name: str, *arguments: Any) -> bytes:
    """Calls a function that returns bytes."""
    handle = make("bytes", name, *arguments)
    data, size = ctypes.c_void_p(), ctypes.c_int64()
    call("pitot_bytes_get", handle.pointer, ctypes.byref(data), ctypes.byref(size))
    return ctypes.string_at(data, size.value) if size.value else b""


def text(name: str, *arguments: Any) -> str:
    """Calls a function that returns a text as bytes."""
    return content(name, *arguments).decode("utf-8", "surrogateescape")


def from_json(name: str, *arguments: Any) -> Any:
    """Calls a function that returns JSON."""
    return json.loads(content(name, *arguments))


def text_argument(value: str) -> bytes:
    """A text that ends at its first zero, which it therefore may not contain."""
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no text")
    if "\0" in value:
        raise UsageError(f"the text {value!r} contains a zero character")
    return value.encode("utf-8", "surrogateescape")


def path_argument(path: PathLike) -> bytes:
    """A path as the library takes it."""
    try:
        encoded = os.fsencode(path)
    except TypeError:
        raise UsageError(f"{path!r} is no path") from None
    if b"\0" in encoded:
        raise UsageError(f"the path {path!r} contains a zero character")
    return encoded


def version() -> str:
    """The version of the library."""
    return str(LIBRARY.pitot_version().decode("ascii"))
