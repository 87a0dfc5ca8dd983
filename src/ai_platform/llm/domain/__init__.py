"""What is true of configurations, templates, answers and failures, whatever provider or store stands behind."""
