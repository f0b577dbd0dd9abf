"""Fitting a calibration to stored answers, applying it, and showing what it did."""
