"""Sphinx settings of the documentation site; scripts/build-site.sh stages what it is made of beside this file."""
import os
import pathlib
import re
import sys
import types
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent

project = "Pitot"
author = "the Pitot authors"
version = release = os.environ.get("PITOT_SITE_VERSION", "")
copyright = author
language = "en"
html_title = f"Pitot {release}".strip()
root_doc = "index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
extensions = ["myst_parser"]
if (HERE / "xml").exists():
    extensions.append("breathe")
if (HERE / "examples/quickstart.ipynb").exists():
    extensions.append("nbsphinx")
if (HERE / "python").exists():
    extensions += ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["xml", "python", "**/.ipynb_checkpoints"]

# Headings of four levels can be linked to, by their words as on any other page of Markdown.
myst_heading_anchors = 4
myst_enable_extensions = []
suppress_warnings = ["misc.highlighting_failure"]  # JSON with comments or "…", as documents show it

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["extra"]
# Debian's style sheet of the theme has its dark colours, but not the rule that takes them where the reader's system is
# dark; variables given here get one.
html_theme_options = {
    "dark_css_variables": {
        "color-problematic": "#ee5151",
        "color-foreground-primary": "#ffffffcc",
        "color-foreground-secondary": "#9ca0a5",
        "color-foreground-muted": "#81868d",
        "color-foreground-border": "#666666",
        "color-background-primary": "#131416",
        "color-background-secondary": "#1a1c1e",
        "color-background-hover": "#1e2124ff",
        "color-background-hover--transparent": "#1e212400",
        "color-background-border": "#303335",
        "color-background-item": "#444",
        "color-brand-primary": "#4b9ef2",
        "color-brand-content": "#5ba7ef",
        "color-highlighted-background": "#083563",
        "color-api-keyword": "var(--color-foreground-secondary)",
        "color-highlight-on-target": "#333300",
    }
}
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "default"
pygments_dark_style = "one-dark"
highlight_language = "text"
smartquotes = False  # options begin with two hyphens

# Notebooks bring their output along, and everything a page needs is on the site.
nbsphinx_execute = "never"
nbsphinx_requirejs_path = ""

breathe_projects = {"pitot": str(HERE / "xml")}
breathe_default_project = "pitot"
breathe_default_members = ("members", "undoc-members")
breathe_domain_by_extension = {"hpp": "cpp", "h": "c"}
breathe_show_include = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_rtype = False

# References to what the site does not describe: the standard library, our rooms' own types, NumPy.
nitpick_ignore_regex = [
    (r"cpp:.*", r"(std|tl)(::.*)?|(::)?u?int\d+_t|size_t|[A-Z]|PredictorParts"),
    (r"c:.*", r"u?int\d+_t|size_t"),
    (r"py:.*", r"(?!pitot\.).*"),
]


def library_or_stand_in():
    """Makes `import pitot` work without the shared library, whose functions describe nothing that a page shows."""
    if os.environ.get("PITOT_LIBRARY"):
        return
    stand_in = types.ModuleType("pitot._library")
    library = mock.MagicMock()
    library.pitot_version.return_value = (release or "0.0.0").encode()
    stand_in.load = lambda: (library, "a stand-in")
    sys.modules["pitot._library"] = stand_in


if (HERE / "python").exists():
    sys.path.insert(0, str(HERE / "python"))
    library_or_stand_in()

# Links that the site words or leads otherwise than the repository: to a folder, which has a page, and by a file's name,
# which has a title.
PAGE_OF = {"include/pitot": "site/reference/cpp.rst"}


def mend_links(_app, name, source):
    """Goes through the links of a document before it is read."""
    here = pathlib.PurePosixPath(name).parent

    def mended(match):
        words, target = match.groups()
        page = PAGE_OF.get(os.path.normpath(here / target))
        if page:
            return f"[{words}]({os.path.relpath(page, here)})"
        same = target.endswith(".md") and pathlib.PurePosixPath(words).name == pathlib.PurePosixPath(target).name
        return f"[]({target})" if same else match.group(0)

    if (HERE / f"{name}.md").exists():
        source[0] = re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", mended, source[0])
        # Sessions of Python that stand between paragraphs, as doctest finds them, are no quotations.
        source[0] = re.sub(r"(?<=\n\n)>>> .*(?:\n.+)*", r"```python\n\g<0>\n```", source[0])


def setup(app):
    app.connect("source-read", mend_links)
