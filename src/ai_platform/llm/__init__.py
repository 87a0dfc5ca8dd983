"""The model layer: configurations, prompt templates, and the call to a model."""
