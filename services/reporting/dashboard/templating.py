"""Templates: Jinja2 with everything escaped unless a template says why not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.reporting.dashboard.assets import ASSETS, BUNDLE_NAME
from services.reporting.dashboard.charts import Spec
from services.reporting.dashboard.texts import Language
from services.reporting.dashboard.vega import bundle_digest

# Inside a script element only these can end it or begin a comment.
_JSON_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def json_for_html(spec: Spec) -> Markup:
    """JSON that can stand inside a script element: no text in it can end the element."""
    return Markup(orjson.dumps(spec).decode().translate(_JSON_ESCAPES))  # noqa: S704 - escaped just now


_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_ENVIRONMENT.filters["json_for_html"] = json_for_html
_ENVIRONMENT.globals.update(
    style_path=ASSETS["dashboard.css"].path,
    script_path=ASSETS["dashboard.js"].path,
    icon_path=ASSETS["icon.svg"].path,
    vega_path=f"/dashboard/static/{bundle_digest()}/{BUNDLE_NAME}",
)


def render_page(template: str, language: Language, content: Mapping[str, Any]) -> bytes:
    """A page in a language."""
    page = _ENVIRONMENT.get_template(template).render(t=language, beside=language.other, **content)
    return page.encode()
