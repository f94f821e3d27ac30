"""What a project's labels amount to: counted once an item and revision, summed once a project, read in a moment."""
