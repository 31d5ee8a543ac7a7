"""The events between the services, and nothing else."""
