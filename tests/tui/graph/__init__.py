"""Tests of how graphs are drawn."""
