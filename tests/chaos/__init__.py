"""Everything fails while messages go out."""

WORKERS, THREADS = 2, 4  # processes, and threads in each that send
