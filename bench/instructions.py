"""Counts the instructions of each part that an event goes through, by callgrind, and checks them against their bounds.

`just instructions` builds what is counted and runs this. A count hardly changes from run to run, so a part that costs
more shows on the noisiest machine. Each part is run so many times and again twice as often: the difference is what one
takes, without the start of the program.
"""

import re
import shutil
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT, run

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target/release/parts"
IMAGE = ROOT / "target/dist/mapper.cwasm"
# The most instructions of one, a seventh above what was counted on x86-64. Where a part got cheaper, lower its bound.
# Loading an image is not among them: valgrind has too little address space for the pools of several engines.
BOUNDS = {
    "sandbox": 260_000,
    "map-8-attributes": 375_000,
    "map-100-attributes": 1_700_000,
    "check-request": 19_500,
    "sign": 50_000,
    "view-event": 75_000,
}
TIMES = 200


def counted(part, times):
    """The instructions of the whole program when it runs a part so many times."""
    command = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        str(PROGRAM),
        str(IMAGE),
        part,
        str(times),
    ]
    done = run(command, cwd=ROOT, stdout=PIPE, stderr=STDOUT, text=True)
    found = re.search(r"Collected : (\d+)", done.stdout)
    if done.returncode != 0 or not found:
        sys.exit(f"error: {part} can't be counted:\n{done.stdout}")
    return int(found[1])


def main():
    """Prints a line for each part; the exit status is 1 where one takes more than it may."""
    if not shutil.which("valgrind"):
        sys.exit("error: valgrind is not installed; it is Debian's package of that name")
    kept = True
    for part, bound in BOUNDS.items():
        once, twice = (counted(part, times) for times in (TIMES, 2 * TIMES))
        one = (twice - once) / TIMES
        verdict = "met" if one <= bound else "NOT MET"
        kept = kept and one <= bound
        print(f"{verdict:<8} {part:<20} {one:>12,.0f} instructions, at most {bound:,}", flush=True)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
