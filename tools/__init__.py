"""What agents call: models, stores, renderers, predictors. Knows nothing of agents or the graph."""
