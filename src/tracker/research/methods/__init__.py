"""Methods of estimating: one file each, its name is the method's (``_`` is written ``-``)."""
