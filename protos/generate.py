"""Makes the code in client/pullback/v1 from the contract in this folder, or checks that it is in step.

    python protos/generate.py            write client/pullback/v1
    python protos/generate.py --check    exit 1 and name what differs
    python protos/generate.py --lint     run `buf lint` and `buf breaking` over the contract (needs npm)
    python protos/generate.py --image    write protos/contract.json, after the contract has grown (needs npm)

contract.json is an image of the contract as it was last published. `--lint` fails where the contract breaks it, or has
grown since; `--image` renews it, and refuses to where something is gone.

The generator is the oldest one that the client supports: what it writes imports under protobuf 5.29 to 7, while what
today's writes refuses protobuf 5. It cannot be installed beside today's grpcio, so it has a virtual environment of its
own, made on first use in the user's cache directory ($XDG_CACHE_HOME, or ~/.cache).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

PINS = ("grpcio-tools==1.71.0", "protobuf==5.29.5", "googleapis-common-protos==1.70.0", "setuptools==80.9.0")
BUF = "@bufbuild/buf@1.57.0"
INIT = '"""The contract as code, made by protos/generate.py; never edited by hand."""\n'
PROTOS = Path(__file__).resolve().parent
CLIENT = PROTOS.parent / "client"
IMAGE = PROTOS / "contract.json"
PACKAGE = Path("pullback/v1")


def main() -> int:
    """Do what the command line says; the exit status is 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="compare with what is checked in, and write nothing")
    action.add_argument("--lint", action="store_true", help="run `buf lint` and `buf breaking` over the contract")
    action.add_argument("--image", action="store_true", help="write the image that later contracts may not break")
    arguments = parser.parse_args()
    if arguments.lint or arguments.image:
        return lint(renew=arguments.image)
    if arguments.check:
        return check()
    generate(CLIENT)
    return 0


def generate(destination: Path) -> None:
    """Write the code for every file of the contract below `destination`."""
    python = generator()
    package = destination / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    for stale in package.glob("*_pb2*.py*"):
        stale.unlink()
    outputs = [f"--{kind}_out={destination}" for kind in ("python", "pyi", "grpc_python")]
    includes = [f"-I{PROTOS}", f"-I{packages_of(python)}"]
    subprocess.run([python, "-m", "grpc_tools.protoc", *includes, *outputs, *contract()], cwd=PROTOS, check=True)
    for module in package.glob("*_pb2_grpc.py"):
        if "Stub" not in module.read_text():
            module.unlink()
    (package / "__init__.py").write_text(INIT)


def check() -> int:
    """Compare the checked-in code with what the contract gives now."""
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        expected, present = contents(Path(scratch) / PACKAGE), contents(CLIENT / PACKAGE)
    differing = sorted(name for name in expected | present if expected.get(name) != present.get(name))
    for name in differing:
        print(f"client/{PACKAGE}/{name} is not what the contract gives: run python protos/generate.py")
    return 1 if differing else 0


def lint(renew: bool) -> int:
    """Run buf over the contract, beside a copy of the one file of googleapis that it imports; maybe renew the image."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch)
        shutil.copytree(PROTOS / "pullback", workspace / "protos/pullback")
        status = workspace / "googleapis/google/rpc/status.proto"
        status.parent.mkdir(parents=True)
        shutil.copy(packages_of(generator()) / "google/rpc/status.proto", status)
        shutil.copy(PROTOS / "buf.yaml", workspace / "buf.yaml")
        built = workspace / IMAGE.name
        for command in (
            ("lint", "protos"),
            ("breaking", "protos", "--against", str(IMAGE)),
            ("build", "protos", "--exclude-source-info", "--output", str(built)),
        ):
            status_code = subprocess.run(["npx", "--yes", "--package", BUF, "buf", *command], cwd=workspace).returncode
            if status_code:
                return status_code
        image = json.dumps(json.loads(built.read_text()), indent=1) + "\n"
    if renew:
        IMAGE.write_text(image)
    elif image != IMAGE.read_text():
        print(f"protos/{IMAGE.name} is not the contract's image: run python protos/generate.py --image")
        return 1
    return 0


def contract() -> list[str]:
    """Every file of the contract, by the path that protoc expects."""
    return sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("pullback/v*/*.proto"))


def contents(package: Path) -> dict[str, bytes]:
    """The files of a generated package by name."""
    return {path.name: path.read_bytes() for path in package.iterdir() if path.suffix in (".py", ".pyi")}


def generator() -> Path:
    """The Python of an environment that holds the pinned generator, made if it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pullback"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = cache / f"generator-{version}-{'-'.join(pin.partition('==')[2] for pin in PINS)}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINS], check=True)
        (home / "complete").touch()
    return python


def packages_of(python: Path) -> Path:
    """The folder into which an environment's packages are installed; `google/rpc/status.proto` lies there."""
    home = str(python.parent.parent)
    return Path(sysconfig.get_path("purelib", vars={"base": home, "platbase": home}, scheme="venv"))


if __name__ == "__main__":
    sys.exit(main())
