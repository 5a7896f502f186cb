"""What the screens show, as pure functions from a Snapshot and a size to lines of styled text."""
