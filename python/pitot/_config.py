"""Configurations: what to fit and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Dict, Optional, Union

import numpy as np

from . import _native as native
from ._errors import UsageError
from ._native import Handle, PathLike


def presets() -> Dict[str, str]:
    """Names of the presets, and what each changes in a line.

    Examples
    --------
    >>> "kernel" in presets()
    True
    """
    return dict(zip(*_preset_texts()))


def _preset_texts() -> "tuple[list[str], list[str]]":
    import ctypes

    from . import _structs as s

    names, summaries = ctypes.c_void_p(), ctypes.c_void_p()
    native.call("pitot_presets", ctypes.byref(names), ctypes.byref(summaries))
    lists = []
    for handle in (Handle("strings", names), Handle("strings", summaries)):
        texts = s.Texts()
        native.call("pitot_strings_get", handle.pointer, ctypes.byref(texts))
        lists.append(native.texts_of(texts))
    return lists[0], lists[1]


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(_value_text(part) for part in value)
    if isinstance(value, (np.ndarray, np.generic)):
        return _value_text(value.tolist())
    if isinstance(value, float):
        return repr(value)
    return str(value)


def _plain(value: Any) -> Any:
    """What JSON knows of a value of NumPy's."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise UsageError(f"{value!r} is no value that a field can have")


class Config:
    """A configuration, which begins as a preset and is changed field by field.

    Parameters
    ----------
    preset
        Its name; `presets` lists them.
    settings
        Fields to change, as `set` takes them.

    Examples
    --------
    >>> config = Config("kernel", {"seed": 7, "model.kernel_steps": 50})
    >>> config["model.kernel_steps"]
    50
    >>> config["seed"]
    7
    """

    __slots__ = ("_handle",)

    def __init__(self, preset: str = "kernel", settings: Optional["Mapping[str, Any]"] = None) -> None:
        self._handle = native.make("config", "pitot_config_preset", native.text_argument(preset))
        if settings:
            self.set(settings)

    @classmethod
    def _of(cls, handle: Handle) -> "Config":
        config = cls.__new__(cls)
        config._handle = handle
        return config

    @classmethod
    def load(cls, path: PathLike) -> "Config":
        """Reads a configuration from a file of JSON."""
        return cls._of(native.make("config", "pitot_config_load", native.path_argument(path), None))

    @classmethod
    def from_json(cls, text: str, base: "Optional[Config]" = None) -> "Config":
        """A configuration from JSON: the preset that it names or else `base`, changed by its fields."""
        encoded = text.encode("utf-8")
        return cls._of(
            native.make("config", "pitot_config_from_json", encoded, len(encoded), base and base._handle.pointer)
        )

    def save(self, path: PathLike) -> None:
        """Writes all fields to a file of JSON, whole or not at all."""
        native.call("pitot_config_save", self._handle.pointer, native.path_argument(path))

    def to_json(self) -> str:
        """All fields as JSON in a stable order."""
        return native.text("pitot_config_to_json", self._handle.pointer)

    def to_dict(self) -> Dict[str, Any]:
        """All fields as dictionaries within one another."""
        result = json.loads(self.to_json())
        assert isinstance(result, dict)
        return result

    def set(self, settings: "Mapping[str, Any]") -> "Config":
        """Changes fields, and nothing if one of them is wrong.

        Parameters
        ----------
        settings
            Values by field, as ``{"train.folds": 5, "model.layers": [128, 64]}``, or dictionaries within one another.

        Returns
        -------
        Config
            This one.
        """
        changed = self.copy()
        for name, value in settings.items():
            if isinstance(value, Mapping):
                encoded = json.dumps({name: value}, default=_plain).encode("utf-8")
                native.call("pitot_config_apply_json", changed._handle.pointer, encoded, len(encoded))
            else:
                assignment = native.text_argument(f"{name}={_value_text(value)}")
                native.call("pitot_config_set", changed._handle.pointer, assignment)
        self._handle = changed._handle
        return self

    def validate(self) -> None:
        """Raises `UsageError` if a field is beyond its limits, or contradicts another."""
        native.call("pitot_config_validate", self._handle.pointer)

    def copy(self) -> "Config":
        """Another configuration of the same fields."""
        return Config._of(native.make("config", "pitot_config_copy", self._handle.pointer))

    __copy__ = copy

    def __deepcopy__(self, _memo: Any) -> "Config":
        return self.copy()

    def __reduce__(self) -> Any:
        return Config.from_json, (self.to_json(),)

    def __getitem__(self, name: str) -> Any:
        value: Any = self.to_dict()
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                raise KeyError(name)
            value = value[part]
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self.set({name: value})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<pitot.Config {self['preset']}>"


#: What a configuration may be given as: a preset's name, fields by name (a preset's if ``preset`` names one), or a `Config`.
ConfigLike = Union[None, str, "Mapping[str, Any]", Config]


def resolve(config: ConfigLike, dataset: Handle, seed: Optional[int] = None) -> Config:
    """The configuration that is meant for a dataset."""
    if isinstance(config, Config):
        chosen = config.copy()
    elif isinstance(config, str):
        chosen = Config(config)
    elif config is None or isinstance(config, Mapping):
        settings = dict(config or {})
        preset = settings.pop("preset", None)
        chosen = (
            Config._of(native.make("config", "pitot_config_default", dataset.pointer))
            if preset is None
            else Config(str(preset))
        )
        chosen.set(settings)
    else:
        raise UsageError(
            f"config is a {type(config).__name__}; give the name of a preset, a dict of fields or a pitot.Config"
        )
    if seed is not None:
        chosen["seed"] = seed
    return chosen
