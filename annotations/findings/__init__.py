"""What may be wrong with a project's labels: rules, the job that applies them, and mending where that is safe."""
