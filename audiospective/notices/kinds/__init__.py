"""One module for each kind of e-mail, named as the kind is stored; each has a `KIND`."""
