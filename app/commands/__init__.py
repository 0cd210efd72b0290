"""The commands of ``whichrig``, one module for each; a module is only imported when its command runs."""
