"""Completes the site that mdBook has built: `python3 docs/site.py target/site`.

Pages link to files of the repository outside of docs/. Those files are copied into the site, and the links follow them. A
link to a folder becomes plain text.
"""

import re
import shutil
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
IMAGE = re.compile(r'src="\.\./([^"#]+)"')
LINK = re.compile(r'<a href="\.\./([^"#]+)(#[^"]*)?">(.*?)</a>', re.DOTALL)


def complete(site):
    def taken(path):
        # mdBook turns the ending of every link to Markdown into that of a page.
        source = REPOSITORY / path
        if not source.exists() and path.endswith(".html"):
            source = source.with_suffix(".md")
        if source.is_dir():
            return None
        copy = site / "files" / source.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        return copy.relative_to(site).as_posix()

    def link(match):
        path = taken(match[1])
        return match[3] if path is None else f'<a href="{path}{match[2] or ""}">{match[3]}</a>'

    for page in sorted(site.glob("*.html")):
        text = page.read_text(encoding="utf-8")
        changed = LINK.sub(link, IMAGE.sub(lambda match: f'src="{taken(match[1])}"', text))
        page.write_text(changed, encoding="utf-8")


complete(Path(sys.argv[1]))
