"""The process that draws: Vega-Lite specifications as lines of JSON in, pictures as lines of JSON out.

vl-convert runs its own JavaScript engine and holds Python's lock all the while (two seconds for the first picture),
so it has a process to itself. Run as a file, it imports nothing of the house and is there at once.
"""

import json
import sys
from typing import Any


def draw(wanted: dict[str, Any]) -> dict[str, Any]:
    """The answer to one line: `svg` of a `spec`, or the JavaScript `bundle`; `error` when it cannot be drawn."""
    import vl_convert

    try:
        if "bundle" in wanted:
            return {"bundle": vl_convert.javascript_bundle(wanted["bundle"], vl_version="6.4")}
        return {"svg": vl_convert.vegalite_to_svg(wanted["spec"], vl_version="6.4", allowed_base_urls=[])}
    except ValueError as error:
        return {"error": str(error).partition("\n")[0][:300]}


def main() -> None:
    """Until its input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(draw(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
