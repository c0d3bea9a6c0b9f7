"""Pages for whoever runs the server: how it does, and what needs them."""
