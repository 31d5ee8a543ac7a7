"""What Plodnee claims of its speed, measured on this machine: ``python -m bench``."""
