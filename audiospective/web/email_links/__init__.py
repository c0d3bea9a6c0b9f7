"""Where the links in e-mails lead."""
