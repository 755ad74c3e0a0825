"""What results share: frames in the library that the data came in, text, JSON."""

from __future__ import annotations

import json
from typing import Any

from . import _core, _frames


class Report:
    """A result of the core. Frames are given in the library that the data came in, or in the one named by `frame`."""

    def __init__(self, core: Any, library: str | None = None) -> None:
        self._core = core
        self._library = library

    def _out(self, frame: _core.Frame, library: str | None) -> Any:
        return _frames.given_out(frame, library or self._library)

    def to_json(self) -> str:
        """The result as JSON, as docs/formats.md describes it."""
        text: str = self._core.to_json()
        return text

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict."""
        found: dict[str, Any] = json.loads(self.to_json())
        return found

    def summary(self, width: int = 80) -> str:
        """The result as the program prints it."""
        text: str = self._core.summary(width)
        return text

    def __repr__(self) -> str:
        return repr(self._core)

    def __str__(self) -> str:
        return self.summary()
