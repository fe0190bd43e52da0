"""How the package is built: what judging spends its time in is compiled in an installed wheel, and never in a checkout.

The modules of COMPILED go through mypyc: the same code as C extensions. Each `.py` is shipped beside its extension: the
digest of the rules is taken of it (`index/basis.py`), and a person reads it. Where there is no C compiler, where
Python's headers are missing, where the compiler fails, or with OPENNESS_PURE=1, the wheel is plain Python and one
sentence says so: a build never fails for that, and every answer is the same to the byte (tests/test_compiled.py).
An editable install is left alone: no extension can grow stale beside a file that is being edited.

This is hatchling's backend (PEP 517), which asks for mypyc only where it is of use, and hatchling's build hook.
`python hatch_build.py DIR` puts a compiled copy of the two packages into DIR, for tests and benchmarks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
PACKAGES = ("crawler", "index")
#: What is compiled: what reads cards, asks questions and judges. Not what waits for SQL or HTTP, and not the words that
#: others build on (`records.py`, `model.py`): msgspec and enumerations are C already.
COMPILED = (
    "crawler/card_generators.py", "crawler/card_links.py", "crawler/cards.py", "crawler/front_matter.py",
    "index/claim_words.py", "index/claims.py", "index/data_sets.py", "index/families.py", "index/levels.py",
    "index/lineage.py", "index/mof_record.py", "index/own_license.py", "index/rules.py",
    "index/ruleset.py", "index/ruleset_data.py", "index/ruleset_docs.py", "index/seen.py", "index/verdict.py",
    "index/probes/card_corpora.py", "index/probes/card_data.py",
    "index/probes/card_links.py", "index/probes/card_papers.py", "index/probes/card_quotes.py",
    "index/probes/card_training.py", "index/probes/card_use.py", "index/probes/card_whose.py",
    "index/probes/card_words.py", "index/probes/cards.py", "index/probes/files.py", "index/probes/listing.py",
    "index/probes/origins.py", "index/probes/pretraining.py",
)  # fmt: skip
#: mypyc is part of mypy and builds by setuptools; the others bring the types by which it compiles.
COMPILER = ("mypy>=2.4,<3", "setuptools>=65.5", "msgspec>=0.19,<1", "ahocorasick_rs>=1.0,<2", "types-PyYAML")

# Run in a folder that holds nothing but the two packages. `multi_file`: a C file for each module, side by side.
_BUILD = """
import sys
from mypyc.build import mypycify
from setuptools import setup
flags = ["--config-file=", "--ignore-missing-imports", *sys.argv[1:]]
extensions = mypycify(flags, opt_level="2", debug_level="0", multi_file=True, group_name="openness")
arguments = ["-q", "build_ext", "--inplace", "--parallel", "2"]
setup(name="openness", packages=[], ext_modules=extensions, script_args=arguments)
"""


def why_not() -> str | None:
    """Why nothing can be compiled here, in words; None where it can."""
    if os.environ.get("OPENNESS_PURE"):
        return "OPENNESS_PURE is set"
    if sys.implementation.name != "cpython":
        return f"mypyc compiles for CPython, and this is {sys.implementation.name}"
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if os.name != "nt" and shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python's headers are not installed (Python.h; python3-dev)"
    return None


def compiled_copy(folder: Path) -> list[Path]:
    """Copy the packages into an empty folder and compile them there. Returns the extensions, relative to it.

    Raises OSError and subprocess.CalledProcessError, whose `stderr` has the compiler's words.
    """
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    subprocess.run(
        [sys.executable, "-c", _BUILD, *COMPILED], cwd=folder, check=True, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    shutil.rmtree(folder / "build")
    shutil.rmtree(folder / ".mypy_cache", ignore_errors=True)
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.suffix in (".so", ".pyd"))


# -- what pip and hatchling call --------------------------------------------------------------------------------------

try:
    from hatchling.build import *  # noqa: F403 - the whole backend; one of its functions is replaced below
    from hatchling.build import get_requires_for_build_wheel as _of_hatchling
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # called as a script
    pass
else:

    def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
        """What is installed for the build: a compiler's worth of packages only where it will be used."""
        return [*_of_hatchling(config_settings), *([] if why_not() else COMPILER)]

    class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
        """Adds the extensions to a wheel."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Compile, unless it is an editable install; never fail."""
            if version == "editable" or self.target_name != "wheel":
                return
            reason = why_not()
            if reason is None:
                self._folder = Path(tempfile.mkdtemp(prefix="openness-build-"))
                try:
                    for path in compiled_copy(self._folder):
                        build_data["force_include"][str(self._folder / path)] = path.as_posix()
                    build_data["pure_python"], build_data["infer_tag"] = False, True
                    return
                except subprocess.CalledProcessError as error:
                    reason = "the compiler failed: " + " ".join((error.stderr or error.stdout or "").split())[-300:]
                except OSError as error:
                    reason = str(error)
            self.app.display_warning(f"openness is installed as plain Python, only slower: {reason}.")

        def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
            """Clear away what was compiled: it is in the wheel."""
            if folder := getattr(self, "_folder", None):
                shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if words := why_not():
        sys.exit(f"Nothing can be compiled here: {words}.")
    try:
        compiled_copy(Path(sys.argv[1]))
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{failed.stdout}\n{failed.stderr}")
