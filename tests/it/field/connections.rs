//! Reports about connections to a database, and what is restored into it.
