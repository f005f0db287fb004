"""Search over candidates by ask and tell; knows no family."""
