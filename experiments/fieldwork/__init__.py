"""Who is sampled, what they are told, and the asking; what it would cost."""
