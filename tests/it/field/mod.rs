//! What operators and an auditor reported of this service and of others: a module a subject, a test
//! a report, named by what is right. Each failed before its kind of fault was mended.

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
