"""How Sphinx builds the site: `python docs/build.py` is the command, warnings are errors."""

import ast
import os
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "tools"))

import pages  # noqa: E402

import mel_fast  # noqa: E402

pages.write(HERE / "generated")

project = "mel_fast"
author = "the mel_fast authors"
version = release = mel_fast.__version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["tools", "_static", "**.ipynb_checkpoints"]
if (HERE / "_static" / "explore" / "index.html").is_file():  # `mel-fast explore --export`
    tags.add("explore")  # type: ignore[name-defined]  # noqa: F821
nitpicky = False  # words such as "array of shape (K,)" in docstrings are no references

# Python: signatures and docstrings as they are; types stand in the docstrings, with units.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
numpydoc_use_plots = False
viewcode_line_numbers = True

# Markdown: every heading can be linked to.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
myst_links_external_new_tab = False

# Notebooks: run in the build where their text or the package changed.
nb_execution_mode = os.environ.get("MEL_FAST_NOTEBOOKS", "cache")
nb_execution_cache_path = str(HERE.parent / "build" / "notebooks" / pages.digest())
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

highlight_language = "none"
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "mel_fast"
html_static_path = ["_static"]
html_css_files = ["mel_fast.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_nav_level": 1,
    "navigation_depth": 2,
    "show_toc_level": 2,
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "tutorial": []}
copyright = "the mel_fast authors, MIT licence"


class Languages(SphinxTransform):
    """Give indented blocks of the pages the language that they are written in."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Name Python where it parses and does something, a shell where a command begins it."""
        for block in self.document.findall(nodes.literal_block):
            if block.get("language") in (None, "none", "default"):
                block["language"] = language_of(block.astext())


COMMANDS = ("mel-fast ", "pip install ", "python ", "python3 ", "cmake ", "git ", "$ ")


def language_of(text: str) -> str:
    """Return the lexer of a block: a session, a shell, Python, or none."""
    if text.startswith(">>> "):
        return "pycon"
    if text.startswith(COMMANDS):
        return "console" if text.startswith("$ ") else "sh"
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return "none"
    does = (ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.With)
    calls = any(isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) for s in body)
    return "python" if calls or any(isinstance(statement, does) for statement in body) else "none"


def setup(app: Sphinx) -> None:
    """Add what the pages need beside the extensions."""
    app.add_transform(Languages)
