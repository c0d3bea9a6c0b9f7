"""Pages: a folder a subject, a blueprint a group of pages, and the frame around them all."""
