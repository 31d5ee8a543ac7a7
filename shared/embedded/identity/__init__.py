"""The development identity provider: OpenID Connect for one machine, without passwords, refused in production."""

from shared.embedded.identity.app import create_identity_app
from shared.embedded.identity.personas import DASHBOARD_CLIENT_ID, STORY_CLIENT_ID

__all__ = ["DASHBOARD_CLIENT_ID", "STORY_CLIENT_ID", "create_identity_app"]
