"""Adds to the site what docs/ does not hold: README as its first page, notebooks, the reference."""

import posixpath
import re
from pathlib import Path
from urllib.parse import urlsplit

import reference
from mkdocs.structure.files import File
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
DOCUMENTS = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changes.md"}
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)([^)\s]*)\)")


def on_files(files, config):
    """Adds pages, and to the navigation those of the reference."""
    for source, uri in DOCUMENTS.items():
        text = (ROOT / source).read_text()
        files.append(File.generated(config, uri, content=linked(text, "", uri)))
    files.append(File.generated(config, "LICENSE.txt", content=(ROOT / "LICENSE").read_text()))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text, resources = MarkdownExporter().from_filename(str(notebook))
        if config.repo_url:  # set in mkdocs.yml where the repository has a public address on GitHub
            address = urlsplit(config.repo_url).path.strip("/")
            colab = f"https://colab.research.google.com/github/{address}/blob/main/notebooks/{notebook.name}"
            title, _, rest = text.partition("\n")
            text = f"{title}\n\n[Open in Colab]({colab})\n{rest}"
        folder = f"notebooks/{notebook.stem}"
        for name, content in resources["outputs"].items():
            text = text.replace(f"]({name})", f"]({notebook.stem}/{name})")
            files.append(File.generated(config, f"{folder}/{name}", content=content))
        files.append(
            File.generated(config, f"{folder}.md", content=linked(text, "notebooks", f"{folder}.md"))
        )
    nav = next(part["Reference"] for part in config.nav if "Reference" in part)
    for chapter, pages in reference.chapters().items():
        uris = [f"reference/{name}.md" for name in pages]
        nav.append({chapter: uris if len(uris) > 1 else uris[0]})
        for uri, content in zip(uris, pages.values(), strict=True):
            files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown, page, config, files):
    """Mends links of pages in docs/ that lead out of it."""
    if page.file.generated_by is not None:
        return markdown
    return linked(markdown, posixpath.join("docs", posixpath.dirname(page.file.src_uri)), page.file.src_uri)


def linked(text, folder, uri):
    """Text whose links, relative to a folder of the repository, lead to where the site has their targets."""

    def mended(link):
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        return f"]({posixpath.relpath(_in_site(target), posixpath.dirname(uri) or '.')}{link[2]})"

    return LINK.sub(mended, text)


def _in_site(path):
    """Where the site has a file of the repository."""
    if path in DOCUMENTS:
        return DOCUMENTS[path]
    if path == "LICENSE":
        return "LICENSE.txt"
    if path.endswith(".ipynb"):
        return path.removesuffix("ipynb") + "md"
    return path.removeprefix("docs/")
