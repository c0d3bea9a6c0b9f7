"""The worker process: `python worker.py`, or `python worker.py bulk` for long jobs alone."""

import sys

from audiospective.jobs.run import worker

if __name__ == "__main__":
    worker(bulk="bulk" in sys.argv[1:])
