"""What is installed works in an empty folder, without compilers and without a checkout."""

import os
import platform
import shutil
import sys
from subprocess import run

import pytest

from support.program import ROOT, skip_or_fail

PACKAGES = ROOT / "target/release-packages"
# As wheels and npm name this machine.
WHEEL, NPM = {"x86_64": ("x86_64", "x64"), "aarch64": ("aarch64", "arm64")}[platform.machine()]


def package(pattern):
    """The package whose name fits `pattern`."""
    found = list(PACKAGES.glob(pattern))
    if len(found) != 1:
        skip_or_fail(f"there is no package {pattern}: build it with `just release`")
    return found[0]


def by_pip(folder):
    """Installs the wheel into `folder` and returns the folder of its programs."""
    wheel = package(f"*_{WHEEL}.whl")
    run([sys.executable, "-m", "venv", folder / "environment"], check=True)
    programs = folder / "environment/bin"
    run([programs / "pip", "install", "--quiet", "--no-index", wheel], check=True)
    return programs


def by_npm(folder):
    """Installs the packages of npm into `folder` and returns the folder of their programs."""
    packages = [package("post-confirmation-[0-9]*.tgz"), package(f"post-confirmation-linux-{NPM}-*.tgz")]
    command = ["npm", "install", "--offline", "--silent", "--no-audit", "--no-fund", "--prefix", folder, *packages]
    run(command, check=True)
    programs = folder / "node_modules/.bin"
    (programs / "node").symlink_to(shutil.which("node"))
    return programs


def from_archive(folder):
    """Unpacks the archive into `folder` and returns the folder of its programs."""
    shutil.unpack_archive(package(f"*-linux-{NPM}.tar.gz"), folder, filter="data")
    (programs,) = folder.glob("*/bin")
    return programs


@pytest.mark.parametrize("install", [by_pip, by_npm, from_archive])
@pytest.mark.parametrize("language", ["js", "ts"])
def test_a_first_mapper_passes_where_it_is_installed(install, language, tmp_path, proved):
    # Nothing but what is installed, and `env`, which finds Node.js for the package of npm.
    system = tmp_path / "system"
    system.mkdir()
    (system / "env").symlink_to("/usr/bin/env")
    (tmp_path / "home").mkdir()
    environment = {"PATH": f"{install(tmp_path)}:{system}", "HOME": str(tmp_path / "home")}
    for program in ("cargo", "rustup", "cc", "gcc", "just", "npm"):
        assert not shutil.which(program, path=environment["PATH"])
    mapper = shutil.which("mapper", path=environment["PATH"])

    def succeeds(*arguments, folder=tmp_path / "accounts"):
        done = run([mapper, *arguments], env=environment, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    succeeds("new", "accounts", "--lang", language, folder=tmp_path)
    succeeds("build")
    assert "0 failed" in succeeds("test")
    assert "POST" in succeeds("run", "native")
    for arch in ("x86_64", "arm64"):
        succeeds("package", "--arch", arch)
        assert os.path.getsize(tmp_path / "accounts/mapper.zip") > 500_000
    proved("mapper new, build, test, run and package, with nothing else on the PATH")
