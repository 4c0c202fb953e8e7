//! Reports of operators and of an auditor about this service and others. Each module has a subject,
//! and each test a report. A test is named after the right behaviour, and failed before the fault
//! was fixed.

mod audit;
mod connections;
mod doors;
mod drain;
mod flood;
mod gateways;
mod http;
mod import;
mod integrity;
mod keys;
mod lifecycle;
mod tokens;
