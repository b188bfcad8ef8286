"""Makes the two files that Lambda takes: the function's zip and the layer's, for one architecture.

`just package` builds their content. The same input gives the same bytes: a zip holds no date, user or folder. Exit
status: 0, or 1 if the program would not run on Lambda or is too large.
"""

import re
import sys
import zipfile
from pathlib import Path
from subprocess import run

# The C library of Amazon Linux 2023, on which `provided.al2023` runs.
GLIBC = (2, 34)
# In bytes, zipped. Lambda itself takes 50 MB; a smaller function starts sooner.
MAX_FUNCTION = 4_000_000


def package():
    """Writes function.zip and mapper.zip into the folder that holds their content."""
    folder, sources = Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]]
    bootstrap = folder / "bootstrap"
    check_glibc(bootstrap)
    check_paths(bootstrap, sources)
    function = write_zip(folder / "function.zip", [bootstrap])
    write_zip(folder / "mapper.zip", [folder / "mapper.cwasm", folder / "mapper.json"])
    if function > MAX_FUNCTION:
        sys.exit(f"error: the function's zip has {function} bytes, and the bound is {MAX_FUNCTION}")


def check_glibc(program):
    """Ends with 1 if `program` needs a newer C library than Lambda has."""
    symbols = run(["readelf", "--version-info", program], capture_output=True, text=True, check=True).stdout
    needed = max(tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_(\d+\.\d+)", symbols))
    if needed > GLIBC:
        sys.exit(f"error: {program} needs GLIBC {needed[0]}.{needed[1]}, and Lambda has {GLIBC[0]}.{GLIBC[1]}")
    print(f"{program}: needs GLIBC {needed[0]}.{needed[1]}, Lambda has {GLIBC[0]}.{GLIBC[1]}")


def check_paths(program, folders):
    """Ends with 1 if `program` holds one of `folders` of this machine, which would make it differ on another machine."""
    content = program.read_bytes()
    for folder in folders:
        if bytes(folder) in content:
            sys.exit(f"error: {program} holds the path {folder}; --remap-path-prefix should have replaced it")


def write_zip(file, members):
    """Zips the files `members` into `file` and returns its size in bytes."""
    with zipfile.ZipFile(file, "w") as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name)  # 1980, the earliest date of a zip
            info.create_system = 3  # Unix, whose modes follow
            info.external_attr = (0o100755 if member.name == "bootstrap" else 0o100644) << 16
            archive.writestr(info, member.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    size = file.stat().st_size
    print(f"{file}: {size / 1e6:.2f} MB")
    return size


if __name__ == "__main__":
    package()
