"""The panels and form fields, one a file."""
