"""Figures: inline in notebooks, as files, and into axes of matplotlib."""

from __future__ import annotations

import os
from typing import Any

from . import _core, _frames
from ._errors import InputError


class Figure:
    """A figure as onset draws it."""

    def __init__(self, core: _core.Figure, library: str | None = None) -> None:
        self._core = core
        self._library = library

    @property
    def name(self) -> str:
        """Its name."""
        return self._core.name

    def data(self, frame: str | None = None) -> Any:
        """Everything that is drawn, one row each: panel, kind, series, label, x, y, low, high, text."""
        return _frames.given_out(self._core.data(), frame or self._library)

    def svg(self) -> str:
        """The drawing as SVG."""
        return self._core.svg()

    def png(self) -> bytes:
        """The drawing as PNG."""
        return self._core.png()

    def pdf(self) -> bytes:
        """The drawing as PDF."""
        return self._core.pdf()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the drawing; the ending of the path (.svg, .png, .pdf) says how."""
        ending = os.path.splitext(os.fspath(path))[1].lower()
        made = {".svg": lambda: self.svg().encode(), ".png": self.png, ".pdf": self.pdf}.get(ending)
        if made is None:
            raise InputError(f"{os.fspath(path)}: write a path that ends in .svg, .png or .pdf")
        with open(path, "wb") as file:
            file.write(made())

    def draw(self, ax: Any, panel: int = 0) -> Any:
        """Draws the data of one panel into a matplotlib axis and returns the axis. The x axis is logarithmic where the
        values span more than two powers of ten."""
        rows = self._core.data()
        names = list(dict.fromkeys(rows["panel"]))
        if not 0 <= panel < len(names):
            raise InputError(f"there is no panel {panel}: the figure has {len(names)}")
        columns = {name: rows[name] for name in rows.columns}
        mine = [
            {name: column[at] for name, column in columns.items()}
            for at in range(len(rows))
            if columns["panel"][at] == names[panel]
        ]
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in mine:
            groups.setdefault((row["kind"], row["series"] or ""), []).append(row)
        colours: dict[str, str] = {}
        for (kind, series), drawn in groups.items():
            if kind not in ("point", "line", "band"):
                continue
            colour = colours.setdefault(series.partition(",")[0], f"C{len(colours)}")
            xs = [row["x"] for row in drawn]
            if kind == "point":
                ax.scatter(xs, [row["y"] for row in drawn], s=14, color=colour, label=series, zorder=3)
            elif kind == "line":
                ax.plot(xs, [row["y"] for row in drawn], color=colour, linewidth=1.2, zorder=2)
            else:
                lows, highs = [row["low"] for row in drawn], [row["high"] for row in drawn]
                ax.fill_between(xs, lows, highs, color=colour, alpha=0.15, linewidth=0, zorder=1)
        for row in groups_of(groups, "rule"):
            if row["y"] is not None:
                ax.axhline(row["y"], color="0.5", linewidth=0.8, linestyle="--", zorder=0)
            elif row["x"] is not None:
                ax.axvline(row["x"], color="0.5", linewidth=0.8, linestyle=":", zorder=0)
        places = [row["x"] for row in mine if row["kind"] == "point" and row["x"] is not None]
        if places and min(places) > 0 and max(places) / min(places) > 100:
            ax.set_xscale("log")
        ax.set_title(names[panel])
        if any(kind == "point" and series for kind, series in groups):
            ax.legend(frameon=False)
        return ax

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return repr(self._core)


def groups_of(groups: dict[tuple[str, str], list[dict[str, Any]]], kind: str) -> list[dict[str, Any]]:
    """The rows of one kind, whatever their series."""
    return [row for (of, _), rows in groups.items() if of == kind for row in rows]
