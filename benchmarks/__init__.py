"""Figures of explorekit beside those of other ways to do the same work."""
