"""Native logs: claude."""

from . import writer


def write(out: writer.Output) -> None:
    del out
