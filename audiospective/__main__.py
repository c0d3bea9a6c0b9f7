"""`python -m audiospective`: the commands."""

from audiospective.cli import main

if __name__ == "__main__":
    main()
