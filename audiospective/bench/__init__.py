"""Benches: this project's figures next to the limits of the same machine in the same run."""
