"""Dead links in Markdown: every relative link leads to a file of this checkout, and every anchor to a heading.

Addresses of other sites are not asked: a check must not fail because somebody else's server is down.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

ROOT: Final = Path(__file__).resolve().parent.parent

_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_INLINE: Final = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_REFERENCE: Final = re.compile(r"^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?(?:\s|$)")
_HTML: Final = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"", re.IGNORECASE)
_ANCHOR: Final = re.compile(r"<a\b[^>]*?\b(?:id|name)=\"([^\"]+)\"", re.IGNORECASE)
_CODE: Final = re.compile(r"(`+)(?:(?!\1).)+?\1")
_ELSEWHERE: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def main() -> int:
    dead = [line for page in pages() for line in dead_links(page)]
    sys.stderr.writelines(f"{line}\n" for line in dead)
    return 1 if dead else 0


def pages() -> list[Path]:
    """The Markdown files that git knows or would take; without git, all but those of hidden and built folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],  # noqa: S607 - the git on PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [page for page in ROOT.rglob("*.md") if not _is_hidden(page)]
    return sorted(page for page in found if page.is_file())


def dead_links(page: Path) -> Iterator[str]:
    for number, line in prose(page):
        text = _CODE.sub("", line)
        targets = [*_INLINE.findall(text), *_REFERENCE.findall(text), *_HTML.findall(text)]
        for target in targets:
            if not _ELSEWHERE.match(target) and (trouble := _trouble(page, target)):
                yield f"{page.relative_to(ROOT)}:{number}: {target}: {trouble}"


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The lines outside fenced code, with their numbers."""
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence:
            yield number, line


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives the headings of a page, and those that the page writes itself."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for _, line in prose(page):
        found.update(_ANCHOR.findall(line))
        if heading := _HEADING.match(line):
            slug = slug_of(heading[1])
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return frozenset(found)


def slug_of(heading: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = re.sub(r"[^\w\- ]", "", words.lower())
    return kept.replace(" ", "-")


def _trouble(page: Path, target: str) -> str:
    path, _, anchor = unquote(target).partition("#")
    start = ROOT if path.startswith("/") else page.parent
    file = (start / path.lstrip("/")).resolve() if path else page
    if not file.is_relative_to(ROOT):
        return "leads out of the repository"
    if not file.exists():
        return "there is no such file"
    if anchor and file.suffix == ".md" and anchor.lower() not in anchors(file):
        return "there is no such heading"
    return ""


def _is_hidden(page: Path) -> bool:
    folders = page.relative_to(ROOT).parts[:-1]
    return any(folder.startswith(".") or folder in ("node_modules", "build", "dist") for folder in folders)


if __name__ == "__main__":
    sys.exit(main())
