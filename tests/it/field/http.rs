//! Reports about HTTP itself, and where verifiers look.
