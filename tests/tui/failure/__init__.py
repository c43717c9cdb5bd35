"""Tests of what is told of failures."""
