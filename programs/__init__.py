"""How a model is asked: descriptors, personas, panels of answers and what becomes of them."""
