"""How the handbook is built."""

from fiwareglancesync import __version__

project = "GlanceSync"
author = "The GlanceSync developers"
project_copyright = author
version = release = __version__

extensions = ["docs.extension"]
exclude_patterns = ["extension", "static"]
language = "en"
nitpicky = True
highlight_language = "none"
smartquotes = False
option_emphasise_placeholders = False

html_theme = "alabaster"
html_theme_options = {
    "description": "The images of many OpenStack regions, in step",
    "fixed_sidebar": True,
    "page_width": "70rem",
    "show_powered_by": False,
}
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["handbook.css"]

man_pages = [("man/glancesync", "glancesync", "keep the images of OpenStack regions in step", author, 1)]
