"""A survey file read: its layout, codes, weights, composites and directions."""
