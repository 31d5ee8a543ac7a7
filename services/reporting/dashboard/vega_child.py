"""The child of :mod:`services.reporting.dashboard.vega`: a question a line on standard input, an answer a line back."""

import json
import sys
from typing import Any

import vl_convert

_VEGA_LITE = "6.4"


def _answer(question: dict[str, Any]) -> str:
    if question["kind"] == "bundle":
        return str(vl_convert.javascript_bundle(question["snippet"], vl_version=_VEGA_LITE))
    return str(vl_convert.vegalite_to_svg(question["spec"], vl_version=_VEGA_LITE, allowed_base_urls=[]))


def main() -> None:
    """Answer until the parent closes the line."""
    for line in sys.stdin:
        try:
            answer = {"answer": _answer(json.loads(line))}
        except ValueError as error:  # what vl-convert raises for a specification it cannot draw
            answer = {"error": str(error)[:500]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
