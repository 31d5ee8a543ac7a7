"""``python -m services.cli`` is ``plodnee``."""

from services.cli import main

main()
