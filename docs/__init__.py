"""What the code itself can say about its interfaces: generated, committed, and checked for drift by `make lint`."""
