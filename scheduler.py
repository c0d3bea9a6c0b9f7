"""The scheduler process: `python scheduler.py`."""

from audiospective.jobs.run import scheduler

if __name__ == "__main__":
    scheduler()
