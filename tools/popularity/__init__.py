"""Popularity prediction: features, training, and the shipped predictor."""
