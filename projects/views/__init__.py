"""The pages: server-rendered, so that each works and can be linked to before any script has run."""
