"""The steps of the year, in the order of :mod:`demo.story.year`."""
