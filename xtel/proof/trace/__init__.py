"""``xtel trace``: does a call to a number reach its agent? Hop by hop: pass, fail or cannot tell, why, and what mends it."""
