"""Build the site into build/site: `python docs/build.py` (extra `[docs]`).

Warnings are errors: a page in no list, a link that leads nowhere, a notebook that fails. Notebooks
run where they, or the package, changed; what they print is kept in them by `--notebooks`.
"""

import argparse
import sys
import time
import webbrowser
from pathlib import Path

DOCS = Path(__file__).resolve().parent
SITE = DOCS.parent / "build" / "site"
sys.path.insert(0, str(DOCS / "tools"))


def main() -> int:
    """Run Sphinx, then follow every link of what it wrote."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--fresh", action="store_true", help="read every page anew")
    parser.add_argument("--notebooks", action="store_true", help="write the notebooks' outputs")
    parser.add_argument("--open", action="store_true", help="show the site when it is built")
    options = parser.parse_args()
    try:
        from sphinx.cmd.build import main as sphinx
    except ImportError:
        print("the site needs Sphinx: pip install '.[docs]'", file=sys.stderr)
        return 2
    import links
    import outputs

    begin = time.monotonic()
    if not (DOCS / "_static" / "explore" / "index.html").is_file():
        print("without the live page: docs/explore.md says how to put it there", file=sys.stderr)
    if options.notebooks:
        outputs.write_all(DOCS / "notebooks")
    words = ["--fail-on-warning", "--keep-going", "--jobs", "auto", "--quiet", "-b", "html"]
    status = sphinx([*words, *(["--fresh-env"] if options.fresh else []), str(DOCS), str(SITE)])
    if status:
        return status
    wrong = links.wrong(SITE)
    for line in wrong:
        print(line, file=sys.stderr)
    pages = len(list(SITE.rglob("*.html")))
    print(f"{pages} pages in {SITE}, {time.monotonic() - begin:.0f} s, {len(wrong)} broken links")
    if options.open:
        webbrowser.open((SITE / "index.html").as_uri())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
