"""Pages: what people see, one module per group of pages, each with an `install(app)`."""
