"""Reads tables of anything that has ``__arrow_c_stream__``: the Arrow C stream interface, by ctypes alone.

The layout of the structs and of the columns is that of the Arrow C data interface
(https://arrow.apache.org/docs/format/CDataInterface.html) and of the Arrow columnar format.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ._errors import InputError


class _Schema(Structure):
    pass


class _ArrowArray(Structure):
    pass


class _Stream(Structure):
    pass


_Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(_Schema))),
    ("dictionary", POINTER(_Schema)),
    ("release", CFUNCTYPE(None, POINTER(_Schema))),
    ("private_data", c_void_p),
]
_ArrowArray._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(_ArrowArray))),
    ("dictionary", POINTER(_ArrowArray)),
    ("release", CFUNCTYPE(None, POINTER(_ArrowArray))),
    ("private_data", c_void_p),
]
_Stream._fields_ = [
    ("get_schema", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Schema))),
    ("get_next", CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_ArrowArray))),
    ("get_last_error", CFUNCTYPE(c_char_p, POINTER(_Stream))),
    ("release", CFUNCTYPE(None, POINTER(_Stream))),
    ("private_data", c_void_p),
]

_NUMBERS = {
    "c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8",
    "e": "f2", "f": "f4", "g": "f8",
}  # fmt: skip
_OFFSETS = {"u": "i4", "U": "i8", "z": "i4", "Z": "i8", "+l": "i4", "+L": "i8"}
_WORDS = {"n": "null", "z": "binary", "Z": "large binary", "vz": "binary view", "+s": "struct", "+m": "map"}


@dataclass
class Coded:
    """A column of texts: a number a row and the texts that they number; -1 is a null."""

    codes: "np.ndarray[Any, Any]"
    texts: List[str]


@dataclass
class Lists:
    """A column of lists: those of row i are ``values`` from ``offsets[i]`` up to ``offsets[i + 1]``."""

    offsets: "np.ndarray[Any, Any]"
    values: Coded


def is_arrow(frame: Any) -> bool:
    """Whether an object hands out an Arrow stream."""
    return hasattr(frame, "__arrow_c_stream__")


def read(frame: Any) -> Dict[str, Any]:
    """The columns of a table by name.

    Parameters
    ----------
    frame
        Anything with ``__arrow_c_stream__``.

    Returns
    -------
    dict
        Arrays of numbers (floats with NaN for nulls where there are any; truths with None), `Coded` texts and `Lists` of
        them. Memory is copied, so that nothing of the table is needed later.

    Raises
    ------
    InputError
        A column has a type that runtimes, names and features do not have.
    """
    columns = _read(frame)
    if not isinstance(columns, dict):
        raise InputError("the Arrow stream is not of a table but of a single column; give a table")
    return columns


def read_column(column: Any) -> Any:
    """A single column, of anything with ``__arrow_c_stream__`` that is none of a table."""
    result = _read(column)
    if isinstance(result, dict):
        raise InputError("the Arrow stream is of a table; give one of its columns")
    return result


def _read(frame: Any) -> Any:
    capsule = frame.__arrow_c_stream__()  # owns the stream's memory
    stream = ctypes.cast(_capsule_pointer(capsule, b"arrow_array_stream"), POINTER(_Stream))
    schema = _Schema()
    try:
        _ask(stream, stream.contents.get_schema(stream, ctypes.byref(schema)))
        if _format(schema) != "+s":
            parts: List[Any] = []
            while _next(stream, lambda array: parts.append(_column(schema, array, 0, array.length))):
                pass
            return _join(schema, parts)
        batches: List[List[Any]] = [[] for _ in range(schema.n_children)]
        while _next(stream, lambda array: _add_batch(schema, array, batches)):
            pass
        names = [_name(schema, i) for i in range(schema.n_children)]
        if len(set(names)) < len(names):
            raise InputError("the table has two columns of one name; rename one")
        return {name: _join(schema.children[i].contents, parts) for i, (name, parts) in enumerate(zip(names, batches))}
    finally:
        if schema.release:
            schema.release(ctypes.byref(schema))
        if stream.contents.release:
            stream.contents.release(stream)


def _capsule_pointer(capsule: Any, name: bytes) -> int:
    # By PyDLL, so that an exception set in Python's interior is seen.
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype = c_void_p
    get.argtypes = [ctypes.py_object, c_char_p]
    return int(get(capsule, name))


def _ask(stream: Any, code: int) -> None:
    if code != 0:
        message = stream.contents.get_last_error(stream)
        raise InputError(f"the table cannot be read: {(message or b'its producer gives no reason').decode()}")


def _format(schema: Any) -> str:
    return str((schema.format or b"").decode())


def _name(schema: Any, child: int) -> str:
    return str((schema.children[child].contents.name or b"").decode("utf-8", "replace"))


def _next(stream: Any, take: Callable[[Any], None]) -> bool:
    array = _ArrowArray()
    _ask(stream, stream.contents.get_next(stream, ctypes.byref(array)))
    if not array.release:
        return False
    try:
        take(array)
    finally:
        array.release(ctypes.byref(array))
    return True


def _add_batch(schema: Any, array: Any, batches: List[List[Any]]) -> None:
    if array.null_count > 0 and array.n_buffers > 0 and array.buffers[0]:
        raise InputError("the table has rows that are null as a whole; drop them")
    for i, parts in enumerate(batches):
        child = array.children[i].contents
        parts.append(_column(schema.children[i].contents, child, array.offset, array.length))


def _buffer(array: Any, index: int, kind: str, count: int, skip: int = 0) -> "np.ndarray[Any, Any]":
    """A copy of `count` elements of a buffer behind the first `skip`."""
    dtype = np.dtype(kind)
    if count == 0:
        return np.zeros(0, dtype=dtype)
    address = array.buffers[index]
    raw = ctypes.string_at(address + skip * dtype.itemsize, count * dtype.itemsize)
    return np.frombuffer(raw, dtype=dtype)


def _valid(array: Any, start: int, count: int) -> "Optional[np.ndarray[Any, Any]]":
    """Which elements are there, or None if all are."""
    if array.null_count == 0 or array.n_buffers == 0 or not array.buffers[0] or count == 0:
        return None
    valid = _bits(array, 0, start, count)
    return None if valid.all() else valid


def _bits(array: Any, index: int, start: int, count: int) -> "np.ndarray[Any, Any]":
    first, last = start // 8, (start + count + 7) // 8
    packed = _buffer(array, index, "u1", last - first, first)
    return np.unpackbits(packed, bitorder="little")[start - 8 * first :][:count].astype(bool)


def _column(schema: Any, array: Any, skip: int, count: int) -> Any:
    start = array.offset + skip
    kind = _format(schema)
    if schema.dictionary:
        indices = _numbers(kind, array, start, count)
        texts = _column(schema.dictionary.contents, array.dictionary.contents, 0, array.dictionary.contents.length)
        if not isinstance(texts, Coded):
            raise _refusal(schema, "dictionary of values that are no texts")
        codes = np.full(count, -1, dtype=np.int64)
        valid = _valid(array, start, count)
        known = np.ones(count, dtype=bool) if valid is None else valid
        codes[known] = texts.codes[indices[known]]
        return Coded(codes, texts.texts)
    if kind == "n":
        return np.full(count, np.nan)
    if kind in _NUMBERS or kind == "b":
        numbers = _numbers(kind, array, start, count)
        valid = _valid(array, start, count)
        if valid is None:
            return numbers
        if kind == "b":  # truths remain truths beside gaps
            truths = numbers.astype(object)
            truths[~valid] = None
            return truths
        return np.where(valid, numbers.astype(np.float64), np.nan)
    if kind in ("u", "U"):
        return _texts(_OFFSETS[kind], array, start, count)
    if kind == "vu":
        return _text_views(array, start, count)
    if kind in ("+l", "+L"):
        return _lists(_OFFSETS[kind], schema, array, start, count)
    raise _refusal(schema, _WORDS.get(kind, f"Arrow format '{kind}'"))


def _refusal(schema: Any, words: str) -> InputError:
    name = (schema.name or b"").decode("utf-8", "replace")
    return InputError(f"column '{name}' is of a type that is not read ({words}); cast it to texts or numbers")


def _numbers(kind: str, array: Any, start: int, count: int) -> "np.ndarray[Any, Any]":
    if kind == "b":
        return _bits(array, 1, start, count)
    return _buffer(array, 1, _NUMBERS[kind], count, start)


def _coded(cells: Sequence[Optional[bytes]]) -> Coded:
    index: Dict[bytes, int] = {}
    codes = np.fromiter(
        (-1 if cell is None else index.setdefault(cell, len(index)) for cell in cells), dtype=np.int64, count=len(cells)
    )
    return Coded(codes, [cell.decode("utf-8") for cell in index])


def _texts(offset_kind: str, array: Any, start: int, count: int) -> Coded:
    offsets = _buffer(array, 1, offset_kind, count + 1, start).tolist() if count else [0]
    first, last = offsets[0], offsets[-1]
    data = ctypes.string_at(array.buffers[2] + first, last - first) if last > first else b""
    cells: List[Optional[bytes]] = [data[a - first : b - first] for a, b in zip(offsets, offsets[1:])]
    return _coded(_without_nulls(cells, array, start, count))


def _without_nulls(cells: List[Optional[bytes]], array: Any, start: int, count: int) -> List[Optional[bytes]]:
    valid = _valid(array, start, count)
    if valid is not None:
        for i in np.flatnonzero(~valid):
            cells[int(i)] = None
    return cells


def _text_views(array: Any, start: int, count: int) -> Coded:
    """Views are 16 bytes: a length, then the text if it has at most 12 bytes, else a prefix, a buffer and a place."""
    raw = _buffer(array, 1, "u1", 16 * count, 16 * start).tobytes()
    heads = np.frombuffer(raw, dtype="<i4").reshape(count, 4).tolist()
    cells: List[Optional[bytes]] = []
    for i, (size, _prefix, which, place) in enumerate(heads):
        if size <= 12:
            cells.append(raw[16 * i + 4 : 16 * i + 4 + size])
        elif array.buffers[2 + which]:
            cells.append(ctypes.string_at(array.buffers[2 + which] + place, size))
        else:
            cells.append(b"")
    return _coded(_without_nulls(cells, array, start, count))


def _lists(offset_kind: str, schema: Any, array: Any, start: int, count: int) -> Lists:
    offsets = _buffer(array, 1, offset_kind, count + 1, start).astype(np.int64) if count else np.zeros(1, np.int64)
    values = _column(
        schema.children[0].contents, array.children[0].contents, int(offsets[0]), int(offsets[-1] - offsets[0])
    )
    if not isinstance(values, Coded):
        raise _refusal(schema, "lists of values that are no texts")
    offsets = offsets - offsets[0]
    valid = _valid(array, start, count)
    if valid is not None and np.any(np.diff(offsets)[~valid]):
        raise _refusal(schema, "lists that are null and not empty")
    return Lists(offsets, values)


def _join(schema: Any, parts: List[Any]) -> Any:
    """Batches of a column, one behind another."""
    if not parts:
        is_text = bool(schema.dictionary) or _format(schema) in ("u", "U", "vu")
        return Coded(np.zeros(0, np.int64), []) if is_text else np.zeros(0)
    if isinstance(parts[0], Coded):
        return _join_coded(parts)
    if isinstance(parts[0], Lists):
        ends = np.cumsum([0] + [int(part.offsets[-1]) for part in parts])
        offsets = np.concatenate([[0]] + [part.offsets[1:] + end for part, end in zip(parts, ends)])
        return Lists(offsets.astype(np.int64), _join_coded([part.values for part in parts]))
    return np.concatenate(parts)


def _join_coded(parts: Sequence[Coded]) -> Coded:
    index: Dict[str, int] = {}
    joined = []
    for part in parts:
        numbers: List[int] = [index.setdefault(text, len(index)) for text in part.texts]
        table = np.array(numbers + [-1], dtype=np.int64)  # the last is where -1 leads
        joined.append(table[part.codes])
    return Coded(np.concatenate(joined), list(index))


def shape_of(columns: Dict[str, Any]) -> Tuple[int, int]:
    """Rows and columns of what `read` returned."""
    rows = [
        len(c.codes) if isinstance(c, Coded) else len(c.offsets) - 1 if isinstance(c, Lists) else len(c)
        for c in columns.values()
    ]
    return (rows[0] if rows else 0), len(rows)
