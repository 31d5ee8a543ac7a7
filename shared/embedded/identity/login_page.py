"""The page that asks who you are. One button a persona, no password: this is a provider for development."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable

from jinja2 import DictLoader, Environment

from shared.embedded.identity.personas import Principal

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --accent: #0a6b4f; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.6 "Noto Sans Thai", "Sarabun", "Leelawadee UI", Thonburi, system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 2.5rem 1rem; }
h1 { font-size: 1.5rem; margin: 0; line-height: 1.3; }
p { margin: .25rem 0 1rem; }
small { opacity: .75; }
ul { list-style: none; margin: 1.25rem 0; padding: 0; display: grid; gap: .6rem; }
button { width: 100%; text-align: left; font: inherit; color: inherit; background: none; cursor: pointer;
  padding: .8rem 1rem; border: 1px solid var(--line); border-left: .3rem solid var(--accent); border-radius: .5rem; }
button:hover, button:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); }
button strong, button small { display: block; }
.notice { border-top: 1px solid var(--line); padding-top: .75rem; }
"""
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_TEMPLATES = Environment(
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    loader=DictLoader(
        {
            "page": """<!doctype html>
<html lang="th"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>ปลดหนี้ · {% block title %}{% endblock %}</title><style>{{ style | safe }}</style></head>
<body><main>{% block main %}{% endblock %}</main></body></html>
""",
            "login": """{% extends "page" %}{% block title %}เข้าสู่ระบบ{% endblock %}{% block main %}
<h1>ปลดหนี้: เข้าสู่ระบบในฐานะใด</h1>
<p><small>Plodnee: sign in as whom?</small></p>
<form method="post" action="{{ action }}">
<input type="hidden" name="request" value="{{ request }}">
<ul>
{% for persona in personas %}
<li><button name="persona" value="{{ persona.subject }}"><strong>{{ persona.name_th }}</strong>
{{ persona.does_th }}<small lang="en">{{ persona.name_en }}: {{ persona.does_en }}</small></button></li>
{% endfor %}
</ul>
</form>
<p class="notice"><small>หน้านี้ใช้สำหรับการพัฒนาเท่านั้น จึงไม่ถามรหัสผ่าน ระบบจริงใช้ผู้ให้บริการยืนยันตัวตนของหน่วยงาน<br>
<span lang="en">For development only, so it asks no password. In production the organisation's own identity provider
stands here.</span></small></p>
{% endblock %}""",
            "problem": """{% extends "page" %}{% block title %}เข้าสู่ระบบไม่ได้{% endblock %}{% block main %}
<h1>เข้าสู่ระบบไม่ได้</h1><p>{{ thai }}</p><p lang="en"><small>{{ english }}</small></p>{% endblock %}""",
        }
    ),
)


def render_login(action: str, sealed_request: str, personas: Iterable[Principal]) -> str:
    """The page with a button for each persona; the form carries the sealed request and goes to `action`."""
    page = _TEMPLATES.get_template("login")
    return page.render(style=_STYLE, action=action, request=sealed_request, personas=list(personas))


def render_problem(thai: str, english: str) -> str:
    """The page for a sign-in that cannot go on and may not be sent back to the client."""
    return _TEMPLATES.get_template("problem").render(style=_STYLE, thai=thai, english=english)


def page_headers(form_origin: str = "") -> dict[str, str]:
    """Headers of every page here: no scripts, no frames, no storing, and a form that leads here or to the client.

    Browsers apply the form's rule to the redirect after it as well, hence `form_origin`, the client's origin.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {form_origin}".rstrip()
        + "; frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
