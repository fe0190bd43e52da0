"""The two packages as an installed wheel has them, compiled: built once for each state of the sources, in build/."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

import hatch_build

ROOT = Path(hatch_build.__file__).parent


def why_not() -> str | None:
    """Why there can be no such tree here, in words; None where there can."""
    try:
        import mypyc.build  # noqa: F401
        import setuptools  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed"
    return hatch_build.why_not()


def tree() -> Path:
    """The folder, to be put before all others on the path. Takes a minute or two when the sources have changed."""
    names = sorted(p for package in hatch_build.PACKAGES for p in (ROOT / package).rglob("*") if p.suffix != ".pyc")
    digest = hashlib.blake2b(sys.version.encode() + (ROOT / "hatch_build.py").read_bytes(), digest_size=8)
    for path in filter(Path.is_file, names):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    folder = ROOT / "build" / f"compiled-{digest.hexdigest()}"
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
        try:
            hatch_build.compiled_copy(made)
            for older in folder.parent.glob("compiled-*"):
                shutil.rmtree(older)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder
