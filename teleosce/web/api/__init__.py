"""JSON handlers, one module for each room they speak for."""
