"""Writes docs/python-reference.md from the docstrings of the installed package. With --check the page has to be what it is."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The installed package is meant, and not the sources beside this file.
sys.path = [folder for folder in sys.path if Path(folder or ".").resolve() != HERE]

import onset_curves as onset  # noqa: E402

PAGE = HERE.parent / "docs" / "python-reference.md"

HEAD = """# The Python package: every name

Written by `python python/reference.py` from the docstrings; [python.md](python.md) is the way in. Names are those of
`import onset_curves as onset`. Where a frame is given back, `frame="polars"`, `"pandas"`, `"pyarrow"` or `"dict"` names the
library; without it, it is that of the data.
"""


def text_of(thing) -> str:
    """The docstring as Markdown: sections of numpydoc become bold heads, their entries a list."""
    lines, out, at = (inspect.getdoc(thing) or "").splitlines(), [], 0
    section = False
    while at < len(lines):
        line, under = lines[at], lines[at + 1] if at + 1 < len(lines) else ""
        if line and set(under) == {"-"}:
            out.append(f"**{line}**\n")
            section, at = True, at + 2
            continue
        if section and line and not line.startswith(" ") and at + 1 < len(lines) and lines[at + 1].startswith("    "):
            body = []
            at += 1
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at]):
                body.append(lines[at].strip())
                at += 1
            out.append(f"- `{line}`: {' '.join(part for part in body if part)}")
            # A line that begins no entry ends the list.
            if at < len(lines) and not "".join(lines[at + 1 : at + 2]).startswith("    "):
                out.append("")
            continue
        out.append(line)
        at += 1
    return re.sub(r":(?:class|func|meth):`([^`]+)`", r"`\1`", "\n".join(out)).replace("``", "`").strip()


def signature(name: str, thing) -> str:
    try:
        given = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    parameters = [one for one in given.parameters.values() if one.name != "self"]
    keywords = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    shown = [str(one.replace(annotation=one.empty)) for one in parameters if one.kind is not one.KEYWORD_ONLY]
    if len(keywords) > 8:
        shown.append("*, …")
    elif keywords:
        shown.append("*")
        shown.extend(
            str(one.replace(annotation=one.empty)) for one in parameters if one.kind is one.KEYWORD_ONLY
        )
    return f"{name}({', '.join(shown)})"


def members(cls):
    """Public methods and properties, those of a shared base included. Those of compiled classes come in any order."""
    own = [one for one in cls.__mro__ if one is not object]
    names = sorted({name for one in own for name in vars(one) if not name.startswith("_")})
    for name in names:
        member = inspect.getattr_static(cls, name)
        if callable(member) or isinstance(member, property) or inspect.isgetsetdescriptor(member):
            yield name, member


def entry(name: str, thing) -> list[str]:
    if not inspect.isclass(thing):
        out = [f"### `{signature(name, thing)}`", "", text_of(thing), ""]
        keywords = [one for one in inspect.signature(thing).parameters.values() if one.kind is one.KEYWORD_ONLY]
        if len(keywords) > 8:
            out += ["Keywords: " + ", ".join(f"`{one.name}`" for one in keywords) + ".", ""]
        return out
    if issubclass(thing, BaseException):
        bases = ", ".join(base.__name__ for base in thing.__bases__)
        return [f"- `{name}` ({bases}): {text_of(thing)}"]
    # What makes an object of these is a function; its own signature says nothing.
    made = name in {"CurveFit", "Evaluation", "Figure", "Finetuning", "Fit", "Fits", "Frame", "Lab", "Reproduction", "Agreement"}
    out = [f"### `{name if made else signature(name, thing)}`", "", text_of(thing), ""]
    for member, value in members(thing):
        shown = member if not callable(value) else signature(member, value)
        out.append(f"- `.{shown}`: {' '.join(text_of(value).split())}")
    return [*out, ""]


def page() -> str:
    things = {name: getattr(onset, name) for name in onset.__all__ if not name.startswith("__")}
    datasets = things.pop("datasets")
    functions = {name: thing for name, thing in things.items() if not inspect.isclass(thing)}
    errors = {name: thing for name, thing in things.items() if name not in functions and issubclass(thing, BaseException)}
    classes = {name: thing for name, thing in things.items() if name not in functions and name not in errors}
    curves = {name: thing for name, thing in classes.items() if hasattr(thing, "fit")}
    results = {name: thing for name, thing in classes.items() if name not in curves}
    out = [HEAD]
    for title, entries in [("Functions", functions), ("What they give back", results), ("Curves", curves)]:
        out += [f"## {title}", ""]
        for name in sorted(entries):
            out += entry(name, entries[name])
    out += ["## `onset.datasets`", "", text_of(datasets), ""]
    for name, thing in sorted(vars(datasets).items()):
        if inspect.isfunction(thing) and not name.startswith("_") and thing.__module__ == datasets.__name__:
            out += entry(f"datasets.{name}", thing)
    out += ["## Errors and warnings", ""]
    for name in sorted(errors):
        out += entry(name, errors[name])
    return "\n".join(out).rstrip() + "\n"


def main() -> int:
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.name} is not what the docstrings say: run python python/reference.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
