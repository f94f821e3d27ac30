"""From a project (or a version, or somebody's archive) to an archive in any format."""
