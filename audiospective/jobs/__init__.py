"""What workers and the scheduler run; an id comes in, one action is called."""
