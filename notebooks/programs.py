"""Runs every notebook of this folder as a program, and fails where a cell shows something other than what is committed.

The Rust kernel needs ten minutes until it has compiled itself and onset. The cells of a notebook in their order are one
program, so here the compiler makes that of them, with the library that `cargo build --release` has left in target/. What
only the kernel can show (that it compiles the cells one by one, and displays what they end with) `bash .ci/notebooks
--kernel` checks. With --write, what is shown is kept in the notebooks.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "target" / "release"
CELL, BEGIN, END = "--- the next cell ---", "EVCXR_BEGIN_CONTENT ", "EVCXR_END_CONTENT"


def shown_last(source):
    """The lines of a cell, and the expression it ends with, which the kernel displays (None without one)."""
    lines = [line for line in source.strip().splitlines() if not line.startswith(":dep ")]
    if not lines or lines[-1].endswith((";", "}")) or lines[-1].startswith("//"):
        return lines, None
    return lines[:-1], lines[-1]


def program(cells):
    """The cells as one program, which prints a line between the cells and what the kernel would display."""
    body = []
    for cell in cells:
        lines, last = shown_last("".join(cell["source"]))
        body += lines
        if last is not None:
            body.append(f"({last}).evcxr_display();")
        body.append(f'println!("{CELL}");')
    return "\n".join(["fn main() -> Result<(), Box<dyn std::error::Error>> {", *body, "Ok(())", "}"])


def printed(text):
    """What a program printed, as one dictionary of media types and contents for each cell."""
    cells, content, media = [{}], [], None
    for line in text.splitlines():
        if line.startswith(BEGIN):
            media, content = line.removeprefix(BEGIN), []
        elif line == END:
            cells[-1][media] = "\n".join(content)
            media = None
        elif media is not None:
            content.append(line)
        elif line == CELL:
            cells.append({})
    return cells[:-1]


def committed(cell):
    shown = {}
    for output in cell["outputs"]:
        if output["output_type"] == "execute_result":
            shown |= {media: "".join(text).rstrip("\n") for media, text in output["data"].items()}
    return shown


def keep(cell, shown):
    """Puts what a cell shows into its outputs, in the form that they have."""
    for output in cell["outputs"]:
        if output["output_type"] == "execute_result":
            for media, old in output["data"].items():
                ended = shown[media] + "\n" * ("".join(old).endswith("\n"))
                output["data"][media] = ended.splitlines(keepends=True) if isinstance(old, list) else ended


def check(path, folder, write):
    notebook = json.loads(path.read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    source, executable = folder / f"{path.stem}.rs", folder / path.stem
    source.write_text(program(cells))
    compiler = ["rustc", "--edition", "2021", "--crate-name", path.stem, "-o", executable, source]
    library = ["--extern", f"onset={BUILT / 'libonset.rlib'}", "-L", f"dependency={BUILT / 'deps'}"]
    if subprocess.run(compiler + library).returncode:
        return ["the cells do not compile"]
    run = subprocess.run([executable], cwd=HERE, capture_output=True, text=True)
    wrong = [f"the program ends with {run.returncode}: {run.stderr}"] if run.returncode or run.stderr else []
    new = printed(run.stdout)
    if not wrong and len(new) != len(cells):
        wrong.append(f"{len(new)} of {len(cells)} cells ran")
    for number, (shown, cell) in enumerate(zip(new, cells), start=1):
        if shown_last("".join(cell["source"]))[1] is not None and not shown:
            wrong.append(f"code cell {number} shows nothing")
        elif write and shown.keys() == committed(cell).keys():
            keep(cell, shown)
        elif shown != committed(cell):
            wrong.append(f"code cell {number} shows what is not committed (`just notebooks` writes it)")
    if write and not wrong:
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return wrong


def main():
    folder = HERE.parent / "target" / "notebooks" / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    for path in sorted(HERE.glob("*.ipynb")):
        wrong = check(path, folder, "--write" in sys.argv[1:])
        failed |= bool(wrong)
        print(f"{path.name}: " + ("; ".join(wrong) or "shows what is committed"), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
