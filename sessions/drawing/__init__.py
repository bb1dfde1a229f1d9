"""Where the marks of visits stand in the drawings of the pages; no drawing itself."""
