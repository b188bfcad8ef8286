"""`just package` makes two zips, and refuses programs that would not run on Lambda."""

import hashlib
import os
import zipfile
from subprocess import run

import pytest

from support.program import BARE_ENVIRONMENT, MAPPER, ROOT

MAX_FUNCTION = 4_000_000
ARCHITECTURES = ["x86_64", "arm64"]


def package(folder, *paths):
    """Runs the last step of `just package` on the program in `folder`."""
    command = ["bash", ROOT / "packaging/function-zip.sh", folder, *paths]
    return run(command, env=BARE_ENVIRONMENT, capture_output=True, text=True)


@pytest.fixture
def built(tmp_path):
    """A folder with a small program in place of `bootstrap`."""

    def build(calling="puts", ballast=0, text=""):
        source = tmp_path / "bootstrap.c"
        source.write_text(f'int {calling}(); int main() {{ {calling}("{text}"); }}')
        run(["gcc", "-w", "-fno-builtin", source, "-o", tmp_path / "bootstrap"], check=True)
        with (tmp_path / "bootstrap").open("ab") as program:
            program.write(os.urandom(ballast))
        return tmp_path

    return build


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_packages_have_the_files_that_lambda_takes(architecture, packages, proved):
    folder = packages(architecture)
    with zipfile.ZipFile(folder / "function.zip") as function, zipfile.ZipFile(folder / "mapper.zip") as layer:
        assert function.namelist() == ["bootstrap"]
        assert function.infolist()[0].external_attr >> 16 == 0o100755
        assert layer.namelist() == ["mapper.cwasm", "mapper.json"]
        machine = {"x86_64": 62, "arm64": 183}[architecture]
        assert int.from_bytes(function.read("bootstrap")[18:20], "little") == machine
    size = (folder / "function.zip").stat().st_size
    assert size <= MAX_FUNCTION
    proved(f"function.zip for {architecture}: `bootstrap` alone, {size / 1e6:.2f} MB; the mapper is a layer")


def test_the_same_files_make_the_same_zips(built, proved):
    folder, component = built(), MAPPER.parent / "default-mapper.wasm"
    digests = []
    for time in (0, 2_000_000_000):
        for file in folder.iterdir():
            os.utime(file, (time, time))
        assert package(folder).returncode == 0
        command = [MAPPER, "package", component, "--arch", "arm64", "--output", folder / "mapper.zip"]
        done = run(command, env=BARE_ENVIRONMENT, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        zips = [(folder / name).read_bytes() for name in ("function.zip", "mapper.zip")]
        digests.append([hashlib.sha256(content).hexdigest() for content in zips])
    assert digests[0] == digests[1]
    proved("zips that are made at another time have the same bytes")


def test_a_program_that_needs_a_newer_c_library_is_not_packaged(built, proved):
    # arc4random came with version 2.36.
    done = package(built(calling="arc4random"))
    assert done.returncode == 1 and "needs GLIBC 2.36, and Lambda has 2.34" in done.stderr
    proved(done.stderr.strip())


def test_a_program_with_a_local_path_is_not_packaged(built, proved):
    assert package(built(text="/home/somebody/src/lib.rs"), "/home/nobody").returncode == 0
    done = package(built(text="/home/somebody/src/lib.rs"), "/home/nobody", "/home/somebody")
    assert done.returncode == 1 and "holds the path /home/somebody" in done.stderr
    proved("a path of the machine that built the program is refused")


def test_a_function_that_is_too_large_is_not_packaged(built, proved):
    assert package(built(ballast=MAX_FUNCTION - 50_000)).returncode == 0
    done = package(built(ballast=MAX_FUNCTION))
    assert done.returncode == 1 and "the bound is 4000000" in done.stderr
    proved("a zip above 4 MB is refused, and one below is accepted")
