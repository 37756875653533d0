"""What each area of the console does: one file per area, its handlers take a Visit and give an Answer."""
