"""Makes a province's feeds from published distributions, and plays a fiscal year over HTTP."""
