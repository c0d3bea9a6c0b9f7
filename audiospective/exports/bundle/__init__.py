"""The bundle: one zip with an archive in every format and a page that shows it by itself."""
