-- The name of the certificate that it proves itself with by tls_client_auth, RFC 8705 2.1.2, such as dns:d1.example.
ALTER TABLE clients ADD COLUMN certificate_name TEXT;
