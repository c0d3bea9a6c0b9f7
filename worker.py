"""The worker process: `python worker.py`."""

from audiospective.jobs.run import worker

if __name__ == "__main__":
    worker()
