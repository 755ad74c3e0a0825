"""Runs the notebooks of notebooks/python. With --write their outputs are kept; without, they have to be the committed ones.

Tables are compared by their words and numbers, not by how a version of pandas sets them.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks" / "python"


def outputs(notebook):
    """What is compared of each cell."""
    shown = []
    for cell in notebook.cells:
        of_cell = []
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                continue
            data = output.get("data", {})
            if "image/svg+xml" in data:
                of_cell.append(data["image/svg+xml"].strip())
            else:
                of_cell.append(" ".join((output.get("text") or data.get("text/plain") or "").split()))
        shown.append(of_cell)
    return shown


def main() -> int:
    keep, failed = "--write" in sys.argv[1:], False
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    for path in sorted(FOLDER.glob("*.ipynb")):
        committed = nbformat.read(path, as_version=4)
        notebook = nbformat.read(path, as_version=4)
        began = time.monotonic()
        NotebookClient(notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
        print(f"{path.name}: {time.monotonic() - began:.0f} s", flush=True)
        if keep:
            for cell in notebook.cells:
                # Warnings name a file of the kernel's.
                if cell.cell_type == "code":
                    cell["outputs"] = [one for one in cell["outputs"] if one.get("name") != "stderr"]
                cell.pop("execution_count", None)
                cell.get("metadata", {}).pop("execution", None)
                if cell.cell_type == "code":
                    cell["execution_count"] = None
                for output in cell.get("outputs", []):
                    if "execution_count" in output:
                        output["execution_count"] = None
            notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
            nbformat.write(notebook, path)
        elif outputs(notebook) != outputs(committed):
            print(f"{path.name}: the outputs are not the committed ones; `.ci/python --write` keeps those of today")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
