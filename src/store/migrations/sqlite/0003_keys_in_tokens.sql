-- The CKA_ID of a private key that is kept in a PKCS#11 token. Either this or sealed_private_key, or neither once it is destroyed.
ALTER TABLE signing_keys ADD COLUMN token_object BLOB;
