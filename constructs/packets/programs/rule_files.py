"""Files of rules in a folder. A file is used as a whole or not at all, and a wrong file never holds up the others: its last
good text, which is kept for that, is used in its place, or nothing of it."""
from __future__ import annotations

from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, TypeVar

from safely import Stop, replace_file

Texts = Dict[Path, str]
Problems = Dict[Path, List[str]]
Rules = TypeVar("Rules")


class Folder(NamedTuple):
    texts: Texts  # what can be used; of a refused file its last good text
    problems: Problems  # of the files that are refused
    lost: List[Path]  # refused, and there is no good text of it

    def said(self) -> List[str]:
        lines = []
        for path, problems in self.problems.items():
            end = "nothing of this file is used" if path in self.lost else "its last good text is used"
            lines += [*problems, f"{path}: refused; {end}"]
        return [*lines, "what there is stays until these files are mended"] if self.lost else lines


def read_folder(
    folder: Path, pattern: str, kept: Path, understand: Callable[[Texts], Tuple[Rules, Problems]]
) -> Tuple[Rules, Folder]:
    """`understand` reads all texts together, and returns what is wrong with each of them."""
    files = [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".")]
    if not files:
        raise Stop(2, f"{folder}: no file {pattern}; nothing was changed. An empty file says that there are no rules")
    texts: Texts = {}
    refused: Problems = {}
    for path in files:
        try:
            texts[path] = whole_text(path)
        except ValueError as problem:
            refused[path] = [f"{path}: {problem}"]
    tried = {path for path in refused}
    texts.update({path: good for path in refused if (good := last_good(path, kept)) is not None})
    while True:
        rules, wrong = understand(texts)
        if not wrong:
            return rules, Folder(texts, refused, [path for path in refused if path not in texts])
        for path, problems in wrong.items():
            good = last_good(path, kept)
            if path not in tried and good is not None:
                texts[path] = good
            else:
                del texts[path]
            refused.setdefault(path, problems)
            tried.add(path)


def whole_text(path: Path) -> str:
    """Raises ValueError for a file that is cut off or damaged. A cut line may mean something else: 10.0.0.20 becomes
    10.0.0.2."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise ValueError(problem.strerror) from None
    if text and not text.endswith("\n"):
        raise ValueError("the last line has no end, so this file is cut off")
    if "\0" in text:
        raise ValueError("it holds zero bytes, so this file is damaged")
    return text


def last_good(path: Path, kept: Path) -> Optional[str]:
    try:
        return whole_text(kept / path.name)
    except ValueError:
        return None


def keep_good(folder: Folder, kept: Path) -> None:
    """Keeps copies, so that a file that turns wrong later, even before a boot, does no harm. An empty file needs no copy."""
    wanted = {path.name: text for path, text in folder.texts.items() if path not in folder.problems and text}
    refused = {path.name for path in folder.problems}
    for path in kept.glob("*") if kept.exists() else []:
        if path.name not in wanted and path.name not in refused:
            path.unlink()
    for name, text in wanted.items():
        if last_good(Path(name), kept) != text:
            kept.mkdir(parents=True, exist_ok=True)
            replace_file(kept / name, text)
