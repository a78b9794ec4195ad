"""Native logs: openclaw."""

from . import writer


def write(out: writer.Output) -> None:
    del out
