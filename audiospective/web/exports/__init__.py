"""Pages of exports: asking for one, watching it, fetching it."""
