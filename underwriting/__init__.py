"""The pool insures lifts: agreements, estates, policies and their premiums, for the bureau and the pool's members."""
