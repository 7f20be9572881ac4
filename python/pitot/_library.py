"""Where the shared library is, and whether it is the one that this package was made for."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import List, Tuple

#: The library's name: within it the interface for C only grows.
FILE_NAME = "libpitot.so.0"
#: Versions that have all that this package uses: from the first up to but without the second, which may take things away.
VERSIONS = (100, 10000)

_REMEDY = (
    "Install the wheel, which brings the library along, or a package of libpitot, or set the environment variable "
    "PITOT_LIBRARY to the path of libpitot.so.0."
)


def candidates() -> List[str]:
    """What is tried, in order: PITOT_LIBRARY alone if it is set, else the bundled copy, then the system's.

    Returns
    -------
    list of str
        Paths, and names that the dynamic linker looks up.
    """
    said = os.environ.get("PITOT_LIBRARY", "")
    if said:
        return [said]
    bundled = Path(__file__).resolve().parent / "_lib" / FILE_NAME
    return [*([str(bundled)] if bundled.exists() else []), FILE_NAME]


def load() -> Tuple[ctypes.CDLL, str]:
    """Loads the library.

    Returns
    -------
    tuple of CDLL and str
        The library, and what it was found as.

    Raises
    ------
    ImportError
        There is none, or it is of another version.
    """
    faults = []
    for candidate in candidates():
        try:
            library = ctypes.CDLL(candidate)
        except OSError as error:
            faults.append(f"  {candidate}: {error}")
            continue
        fault = _version_fault(library)
        if fault:
            faults.append(f"  {candidate}: {fault}")
            continue
        return library, candidate
    raise ImportError("pitot: the shared library of Pitot was not found.\n" + "\n".join(faults) + "\n" + _REMEDY)


def _version_fault(library: ctypes.CDLL) -> str:
    try:
        version = library.pitot_version_number
    except AttributeError:
        return "it has no interface for C; build it from the sources that this package comes with"
    version.restype = ctypes.c_int32
    version.argtypes = []
    number = int(version())
    if VERSIONS[0] <= number < VERSIONS[1]:
        return ""
    return (
        f"it is version {_words(number)}, and this package needs one from {_words(VERSIONS[0])} up to but without "
        f"{_words(VERSIONS[1])}"
    )


def _words(number: int) -> str:
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
