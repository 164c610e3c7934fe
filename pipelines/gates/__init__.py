"""Gates: what each gate asks, and how it is asked."""
