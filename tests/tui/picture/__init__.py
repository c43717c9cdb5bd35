"""Tests of pictures in the terminal."""
