"""All benchmarks, one after the other, each in a process of its own. Prints them and writes bench/RESULTS.md.

    .venv/bin/python -m bench [media joins transcribe echo desk evidence saving search results results_server]

The soak (`python -m bench.soak`) takes half an hour and is run by itself.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ALL = ("media", "joins", "transcribe", "echo", "desk", "evidence", "saving", "search", "results", "results_server")
RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], help="all by default")
    failed, parts = [], ["# What was measured last\n\n`python -m bench` wrote this. Compare within one run only.\n"]
    for name in parser.parse_args().names or ALL:
        print(f"== {name}", flush=True)
        said = []
        with subprocess.Popen([sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                said.append(line)
        if process.returncode:
            failed.append(name)
        parts.append(f"## {name}\n\n```\n{''.join(said)}```\n")
    RESULTS.write_text("\n".join(parts))
    sys.exit(f"did not come to an end: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
