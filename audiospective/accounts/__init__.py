"""Members: how they join, sign in, connect and leave."""
