"""SQL by hand, for what every page asks: Django takes longer to write it than databases to answer
it."""

from collections.abc import Sized


def places(values: Sized) -> str:
    """`%s, %s, %s`: a place for each value of an IN (...), of which there must be one at least."""
    return ", ".join(["%s"] * len(values))
