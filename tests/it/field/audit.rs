//! Reports about the audit trail.
