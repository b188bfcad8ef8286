"""Programs that do not sleep, for recipes that wait between attempts."""

from subprocess import run

# The calls of the C library with which Rust sleeps.
SOURCE = """
#include <time.h>
int nanosleep(const struct timespec *time, struct timespec *left) { return 0; }
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left) { return 0; }
"""


def without_sleeping(folder):
    """The variables of a program whose sleeps return at once; what it takes is compiled into `folder`."""
    folder.mkdir()
    (folder / "no_sleep.c").write_text(SOURCE)
    library = folder / "no_sleep.so"
    run(["gcc", "-shared", "-fPIC", folder / "no_sleep.c", "-o", library], check=True)
    return {"LD_PRELOAD": str(library)}
