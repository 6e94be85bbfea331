"""torch's own operator samples (`op_db`) through both legs, for every row of the table that torch has samples of."""
