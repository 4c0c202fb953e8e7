-- Whether its tokens are bound to the certificate that they were asked for with, RFC 8705 3: off, when-presented or required.
ALTER TABLE clients ADD COLUMN certificate_binding TEXT NOT NULL DEFAULT 'off';
