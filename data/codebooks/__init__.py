"""What is known of each survey: variables, scales, missing codes, and the instruments of value items."""
