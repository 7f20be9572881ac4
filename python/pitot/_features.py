"""Tables of features: a name and a column a feature, by the rules that tables in files have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import _tables
from ._arrow import Coded, Lists
from ._errors import InputError, UsageError

_MOST_CATEGORIES = 64  # of a text
_LARGEST_LOG = 44.4
_NAME_COLUMNS = ("name",)


@dataclass
class SideTable:
    """Names, names of features, and features: rows × columns, those of modules ln(1 + count)."""

    names: List[str]
    feature_names: List[str]
    features: "np.ndarray[Any, Any]"


def side_table(
    frame: Any,
    side: str,
    counts: Optional[bool] = None,
    known: Optional[Sequence[str]] = None,
    known_features: "Optional[np.ndarray[Any, Any]]" = None,
) -> SideTable:
    """Reads a frame of features.

    Parameters
    ----------
    frame
        Indexed by name (pandas), or with a column ``name`` or one called after the side.
    side
        "platform" or "module".
    counts
        Whether features of modules whose names do not tell are opcode counts (True) or ln(1 + count) (False). None:
        whole numbers are counts, and others are refused.
    known
        Names of features that a model has: categories are matched with them.
    known_features
        The model's features, a column a name: where they are no ln(1 + count), neither are those of `frame`.
    """
    table = _tables.table_of(frame)
    names, rest = _names(table, side)
    columns: List[Tuple[str, "np.ndarray[Any, Any]"]] = []
    plain: Dict[str, "np.ndarray[Any, Any]"] = {}
    for header, column in rest.items():
        what = f"{side} features, column '{header}'"
        if isinstance(column, Lists):
            raise InputError(f"{what} holds lists; features are numbers or texts")
        if _is_text(column):
            columns += _categories(header, _texts(column, what), len(names), side, known)
        else:
            name, scale = _named_scale(header) if side == "module" else (header, "plain")
            values = _tables.numbers(column, what)
            if np.isinf(values).any():
                raise InputError(f"{what} holds an infinite number")
            if scale == "unknown":
                plain[name] = values
            elif scale == "count":
                values = _log1p(values, what)
            columns.append((name, values))
    if plain:
        if counts is None and known is not None and known_features is not None:
            counts = _counts_of_model(plain, known, known_features)
        logs = _are_logs(plain, counts)
        columns = [
            (name, _log1p(values, f"{side} features, column '{name}'") if name in plain and not logs else values)
            for name, values in columns
        ]
    features = np.zeros((len(names), len(columns)))
    for j, (name, values) in enumerate(columns):
        features[:, j] = _filled(name, values, side)
    result = SideTable(names, [name for name, _ in columns], features)
    return result if known is None else _matched(result, known)


def _names(table: _tables.Table, side: str) -> Tuple[List[str], Dict[str, Any]]:
    rest = dict(table.columns)
    lower = {name.lower(): name for name in rest}
    for wanted in (*_NAME_COLUMNS, side):
        if wanted in lower:
            column = rest.pop(lower[wanted])
            if table.index is not None and _tables.plain(column).tolist() != table.index:
                raise InputError(
                    f"{side} features have names in their index and others in column '{lower[wanted]}'; reset the index "
                    "or rename the column"
                )
            break
    else:
        if table.index is not None:
            _refuse_twice(table.index, side)
            return table.index, rest
        texts = [name for name, column in rest.items() if _is_text(column)]
        if not texts:
            raise UsageError(f"{side} features have no names; index the frame by name, or add a column 'name'")
        column = rest.pop(texts[0])
    names = _tables.coded(column, f"{side} features, column of names")
    if (names.codes < 0).any():
        raise InputError(f"{side} features have a row without a name")
    _refuse_twice([names.texts[code] for code in names.codes.tolist()], side)
    return names.texts, rest


def _refuse_twice(names: List[str], side: str) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise InputError(f"{side} features name {side} '{name}' twice; keep one of its rows")
        seen.add(name)


def _is_text(column: Any) -> bool:
    if isinstance(column, Coded):
        return True
    if isinstance(column, Lists):
        return False
    array = np.asarray(column)
    return array.dtype.kind in "UTb" or (
        array.dtype.kind == "O" and any(isinstance(cell, (str, bool, np.bool_)) for cell in array)
    )


def _texts(column: Any, what: str) -> Coded:
    if not isinstance(column, Coded):
        array = np.asarray(column)
        if array.dtype.kind in "bO":
            array = np.array(
                [str(bool(c)).lower() if isinstance(c, (bool, np.bool_)) else c for c in array], dtype=object
            )
        return _tables.coded(array, what)
    return column


def _categories(
    header: str, column: Coded, rows: int, side: str, known: Optional[Sequence[str]]
) -> List[Tuple[str, "np.ndarray[Any, Any]"]]:
    """A feature a category: 1, or of modules ln 2, where the text is that."""
    words = [text.lower() if text.lower() in ("true", "false") else text for text in column.texts]
    wanted = known is not None and any(name.startswith(header + "=") for name in known)
    categories = sorted(set(words), key=lambda word: word.encode("utf-8"))
    if not wanted and ((rows > 2 and len(categories) == rows) or len(categories) > _MOST_CATEGORIES):
        _tables.warn(
            f"{side} features, column '{header}' has a text of its own in "
            f"{'too many' if len(categories) > _MOST_CATEGORIES else 'all'} rows and is left out"
        )
        return []
    gaps = int((column.codes < 0).sum())
    if gaps:
        _tables.warn(f"{side} features, column '{header}': {gaps} empty cell(s) are none of its categories")
    one = math.log1p(1.0) if side == "module" else 1.0
    of_row = np.array([categories.index(word) for word in words] + [-1], dtype=np.int64)[column.codes]
    return [(f"{header}={category}", np.where(of_row == k, one, 0.0)) for k, category in enumerate(categories)]


def _named_scale(header: str) -> Tuple[str, str]:
    """The name of a feature of modules and what its column's header says of its scale."""
    lower = header.lower()
    if lower.startswith("static(") and lower.endswith(")") and len(header) > 8:
        return header, "count"
    for start, scale in (("log1p(", "log"), ("ln(1+", "log"), ("ln(1 + ", "log"), ("count(", "count")):
        if lower.startswith(start) and lower.endswith(")") and len(header) > len(start) + 1:
            return header[len(start) : -1], scale
    return header, "unknown"


def _counts_of_model(
    columns: "Dict[str, np.ndarray[Any, Any]]", known: Sequence[str], features: "np.ndarray[Any, Any]"
) -> Optional[bool]:
    """False where a model's features of the same names are no ln(1 + count), so that these are none either."""
    at = [j for j, name in enumerate(known) if name in columns]
    largest = max((float(np.nanmax(values)) for values in columns.values() if np.isfinite(values).any()), default=0.0)
    if not len(features) or largest > _LARGEST_LOG:
        return None
    for j in at:
        values = features[:, j]
        mean = values.mean()
        other = values[np.abs(values - mean) > 1e-9 * max(abs(mean), 1.0)]  # where gaps were is the mean
        told = other if len(other) else values
        if not _whole(np.expm1(told[told < 30])):
            _tables.warn(
                f"numbers of the module features are taken as they are, for the model's feature '{known[j]}' is no "
                "ln(1 + opcode count) either; module_counts=True says otherwise"
            )
            return False
    return None


def _whole(counts: "np.ndarray[Any, Any]") -> bool:
    nearest = np.round(counts)
    return bool(np.all((nearest >= 0) & (np.abs(counts - nearest) <= 1e-9 * np.maximum(counts, 1.0))))


def _are_logs(columns: "Dict[str, np.ndarray[Any, Any]]", counts: Optional[bool]) -> bool:
    if counts is not None:
        return not counts
    values = np.concatenate(list(columns.values()))
    values = values[np.isfinite(values)]
    fractional = values[values != np.trunc(values)]
    if len(fractional) == 0 or values.max() > _LARGEST_LOG:
        return False
    told = fractional[fractional < 30]  # beyond, every number is the logarithm of a whole one
    if len(told) and _whole(np.expm1(told)):
        _tables.warn(
            "numbers of the module features are taken as ln(1 + opcode count), for that is what they are"
        )
        return True
    raise UsageError(
        f"it is not clear whether the module features, such as {fractional[0]}, are opcode counts or ln(1 + count); say "
        "module_counts=True or False, or call columns 'count(NAME)' or 'log1p(NAME)'"
    )


def _log1p(values: "np.ndarray[Any, Any]", what: str) -> "np.ndarray[Any, Any]":
    if (values < 0).any():
        raise InputError(f"{what} holds {values[values < 0][0]}; opcode counts must not be negative")
    # The C library's, to the bit, which NumPy's vectors need not be.
    return np.array([math.log1p(value) for value in values.tolist()], dtype=np.float64)


def _filled(name: str, values: "np.ndarray[Any, Any]", side: str) -> "np.ndarray[Any, Any]":
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    if gaps.all():
        raise InputError(f"{side} features, column '{name}' is empty; drop it")
    mean = sum(values[~gaps].tolist()) / int((~gaps).sum())
    _tables.warn(
        f"{side} features, column '{name}': {int(gaps.sum())} empty cell(s) filled with the mean of the others, {mean:.4g}"
    )
    return np.where(gaps, mean, values)


def _matched(table: SideTable, known: Sequence[str]) -> SideTable:
    """Categories as a model knows them: those of texts that it knows, and 0 for those that do not occur here."""
    texts = {name.split("=", 1)[0] for name in known if "=" in name}
    here = {name.split("=", 1)[0] for name in table.feature_names if "=" in name}
    shared = texts & here
    unknown = [n for n in table.feature_names if "=" in n and n.split("=", 1)[0] in shared and n not in set(known)]
    if unknown:
        _tables.warn(
            "not known to the model, as if they were none of its categories: " + ", ".join(unknown)
        )
    kept = [j for j, name in enumerate(table.feature_names) if name not in set(unknown)]
    names = [table.feature_names[j] for j in kept]
    absent = [n for n in known if "=" in n and n.split("=", 1)[0] in shared and n not in set(names)]
    features = np.hstack([table.features[:, kept], np.zeros((len(table.names), len(absent)))])
    return SideTable(table.names, names + absent, np.ascontiguousarray(features))
