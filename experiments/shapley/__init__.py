"""Shapley values of value items: who is asked what, coalition by coalition, and what it says of each item."""
