"""Samples on disk, under `.wattos/metrics`: one folder a target, one writer, any number of readers.

    chat-0/1764210000000.head                  what is being written: a frame for each scrape
    chat-0/1764209100000-1764209999000.block   a quarter of an hour that is over: a column for each series
    chat-0/families.json                       type, help and unit of each metric

All series of a scrape have the same time, so a scrape is a row. A row is kept as what differs, bit by bit,
from the row before; most series rest, and nothing but zeros is left of them for zlib.
"""
