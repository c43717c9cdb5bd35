"""Outputs as files, with what made them inside."""
