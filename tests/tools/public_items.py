#!/usr/bin/env python3
"""Counts what the crate shows: the public items that a program outside can reach through public modules.

    python3 tests/tools/public_items.py            the count by kind and by module
    python3 tests/tools/public_items.py --list     also every item, one a line
    python3 tests/tools/public_items.py --at DIR   of another checkout

Counted are modules, types, traits, functions, constants and the public functions and constants of types (`impl`), each once,
where it is defined. Public fields are told apart: they are not items. What stands behind `cfg(test)` or `cfg(fuzzing)`, and
what a macro writes, is left out; `cfg(feature = ...)` counts. Read from the sources, so that nothing has to be compiled.
"""

import argparse
import collections
import pathlib
import re

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])'"""
    r"""|'\w+|[A-Za-z_]\w*|::|->|=>|\S""",
    re.S,
)
WORD = re.compile(r"[A-Za-z_]\w*$")
KINDS = {"struct", "enum", "union", "trait", "fn", "const", "static", "type", "mod"}
OPENING, CLOSING = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


def tokens(text):
    """The words and signs of a file, without comments; a text or a character is one sign."""
    found = (match.group() for match in TOKEN.finditer(text))
    return ['""' if re.match(r"""b?r?#*"|b?'.*'$""", one, re.S) else one for one in found if one[:2] not in ("//", "/*")]


def closing(words, at):
    """Where the bracket that opens at `at` closes."""
    depth = 0
    for place in range(at, len(words)):
        depth += (words[place] in OPENING) - (words[place] in CLOSING)
        if depth == 0:
            return place
    return len(words) - 1


class Module:
    """What one module says: its items, what it hands on, and its blocks of `impl`."""

    def __init__(self, name):
        self.name = name
        self.items = {}
        self.uses = []
        self.impls = []
        self.fields = collections.Counter()


def paths(words, before=()):
    """The paths of one `use`, each with the name it gives."""
    parts, depth, start = [], 0, 0
    for at, word in enumerate(words + [","]):
        depth += (word == "{") - (word == "}")
        if word == "," and depth == 0:
            parts.append(words[start:at])
            start = at + 1
    for part in filter(None, parts):
        if "{" in part:
            at = part.index("{")
            head = [word for word in part[:at] if word != "::"]
            yield from paths(part[at + 1 : -1], (*before, *head))
        else:
            alias = part[part.index("as") + 1] if "as" in part else None
            path = [*before, *(word for word in part[: part.index("as") if alias else None] if word != "::")]
            if path[-1] == "self":
                path.pop()
            yield path, alias or path[-1]


def members(words):
    """The public functions and constants in a block of `impl`."""
    at, hidden = 0, False
    while at < len(words):
        if words[at] == "#":
            end = closing(words, at + 1)
            hidden |= left_out(words[at : end + 1])
            at = end + 1
        elif words[at] == "pub" and words[at + 1] != "(":
            qualified = ("fn", "unsafe", "extern")
            kind = at + 1
            while words[kind] != "fn" and not (words[kind] == "const" and words[kind + 1] not in qualified):
                kind += 1
            if not hidden:
                yield words[kind + 1]
            at, hidden = body_end(words, kind), False
        elif words[at] in ("fn", "const", "type"):
            at, hidden = body_end(words, at), False
        else:
            at += 1


def body_end(words, at):
    """Behind an item that ends in a semicolon or in braces."""
    value = False
    while at < len(words):
        word = words[at]
        if word == "=":
            value = True
        if word == ";":
            return at + 1
        if word in OPENING:
            end = closing(words, at)
            if word == "{" and not value:
                return end + 1
            at = end
        at += 1
    return at


def left_out(attribute):
    """Whether what an attribute stands on is compiled for tests or fuzzing only."""
    return "cfg" in attribute and "not" not in attribute and bool({"test", "fuzzing"} & set(attribute))


def read(words, name, folder, modules):
    """Reads a module, and the modules in it."""
    module = modules[name] = Module(name)
    at, hidden = 0, False
    while at < len(words):
        word = words[at]
        if word == "#":
            start = at + 1 + (words[at + 1] == "!")
            end = closing(words, start)
            hidden |= left_out(words[at : end + 1])
            at = end + 1
            continue
        public = word == "pub" and words[at + 1] != "("
        if word == "pub":
            at = closing(words, at + 1) + 1 if words[at + 1] == "(" else at + 1
            word = words[at]
        while word in ("unsafe", "async", "extern") or word == "const" and words[at + 1] in ("fn", "unsafe"):
            at += 1 + (words[at + 1] == '""')
            word = words[at]
        if word == "use":
            end = words.index(";", at)
            if not hidden:
                module.uses += [(path, alias, public) for path, alias in paths(words[at + 1 : end])]
            at = end + 1
        elif word == "impl":
            start = next(k for k in range(at, len(words)) if words[k] == "{")
            end = closing(words, start)
            head = words[at + 1 : start]
            if not hidden and "for" not in head[: head.index("where") if "where" in head else None]:
                module.impls.append((owner(head), list(members(words[start + 1 : end]))))
            at = end + 1
        elif word == "macro_rules":
            at = closing(words, at + 3) + 1
        elif word in KINDS and WORD.match(words[at + 1]):
            item = words[at + 1]
            if word == "mod":
                inner = (*name, item)
                if words[at + 2] == "{":
                    end = closing(words, at + 2)
                    if not hidden:
                        read(words[at + 3 : end], inner, folder, modules)
                    at = end + 1
                else:
                    if not hidden:
                        places = folder.joinpath(*name, item + ".rs"), folder.joinpath(*inner, "mod.rs")
                        place = next(place for place in places if place.exists())
                        read(tokens(place.read_text()), inner, folder, modules)
                    at += 3
            else:
                end = body_end(words, at)
                if word == "struct" and not hidden:
                    module.fields[item] = sum(a == "pub" and b != "(" for a, b in zip(words[at:end], words[at + 1 : end]))
                at = end
            if not hidden:
                module.items[item] = (word, public)
        else:
            # A macro that is called.
            at = closing(words, at) + 1 if word in OPENING else at + 1
        hidden = False


def owner(head):
    """The last name of the type in the head of an `impl` block."""
    at = 0
    if head and head[0] == "<":
        depth = 0
        for at, word in enumerate(head):
            depth += (word == "<") - (word == ">")
            if depth == 0:
                break
        at += 1
    name = head[at]
    while head[at + 1 : at + 2] == ["::"]:
        at += 2
        name = head[at]
    return name


class Crate:
    """All modules, and what of them is reached."""

    def __init__(self, root):
        self.modules, self.reached, self.unknown = {}, {}, []
        read(tokens((root / "src/lib.rs").read_text()), (), root / "src", self.modules)
        self.opened = set()
        self.open(())

    def absolute(self, module, path):
        """A path from the top of the crate; none where it leads out."""
        path = list(path)
        if path[0] == "crate":
            return tuple(path[1:])
        here = list(module)
        if path[0] == "self":
            return (*here, *path[1:])
        if path[0] == "super":
            while path and path[0] == "super":
                here.pop()
                path.pop(0)
            return (*here, *path)
        return (*here, *path) if path[0] in self.modules[module].items else None

    def find(self, path, depth=8):
        """The module and the name that define what an absolute path means."""
        if depth == 0 or path is None or path in self.modules:
            return path and (path, None)
        at = next(n for n in range(len(path), -1, -1) if path[:n] in self.modules)
        module, name = path[:at], path[at]
        if name in self.modules[module].items:
            return module, name
        for used, alias, _ in self.modules[module].uses:
            if alias == name:
                return self.find(self.absolute(module, used), depth - 1)
        return None

    def open(self, name):
        """Everything public in a public module."""
        if name in self.opened:
            return
        self.opened.add(name)
        module = self.modules[name]
        for item, (kind, public) in module.items.items():
            if public:
                self.reach(name, item, kind)
        for path, alias, public in module.uses:
            if not public:
                continue
            if alias == "*":
                self.open(self.absolute(name, path[:-1]))
                continue
            found = self.find(self.absolute(name, path))
            if found and found[1] is None:
                self.open(found[0])
            elif found:
                self.reach(*found, self.modules[found[0]].items[found[1]][0])
            elif path[0] in ("crate", "self", "super") or path[0] in module.items:
                self.unknown.append("::".join([*name, alias]))

    def reach(self, module, item, kind):
        self.reached[(module, item)] = kind
        if kind == "mod":
            self.open((*module, item))

    def count(self):
        """(kind, path) of every item that is reached, and how many public fields their types have."""
        found = {(kind, "::".join([*module, item])) for (module, item), kind in self.reached.items()}
        found |= {("macro's", path) for path in self.unknown}
        for name, module in self.modules.items():
            for of, inside in module.impls:
                place = self.find(self.absolute(name, ["self", of]))
                if place in self.reached:
                    found |= {("member", "::".join([*place[0], of, one])) for one in inside}
        fields = sum(self.modules[module].fields[item] for module, item in self.reached)
        return sorted(found, key=lambda one: (one[1], one[0])), fields


def main():
    arguments = argparse.ArgumentParser(description="Counts the public items of the crate.")
    arguments.add_argument("--list", action="store_true", help="print every item")
    arguments.add_argument("--at", default=pathlib.Path(__file__).parents[2], type=pathlib.Path, help="the repository")
    arguments = arguments.parse_args()
    found, fields = Crate(arguments.at).count()
    if arguments.list:
        print("\n".join(f"{kind}\t{path}" for kind, path in found))
    kinds = collections.Counter(kind for kind, _ in found)
    floors = collections.Counter(path.split("::")[0] for _, path in found)
    print(", ".join(f"{kind} {n}" for kind, n in kinds.most_common()))
    print(", ".join(f"{floor} {n}" for floor, n in floors.most_common()))
    print(f"{len(found)} public items; their types have {fields} public fields")


if __name__ == "__main__":
    main()
