"""`python -m tests.write_docs` brings the documents up to date: tables, files that they show, what commands print.

With `--tables` it leaves out what commands print, for which it would install everything anew.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .documents import DOCUMENTS, source, written
from .sessions import install, played


def main() -> None:
    """Rewrite every document in place."""
    for document in DOCUMENTS:
        document.write_text(written(source(document)), encoding="utf-8")
    if "--tables" in sys.argv:
        return
    with tempfile.TemporaryDirectory() as folder:
        installation = install(Path(folder))
        for document in DOCUMENTS:
            document.write_text(played(source(document), installation), encoding="utf-8")


if __name__ == "__main__":
    main()
