"""What hears, thinks and speaks for all three sides, with the same delays for each."""
