-- A random number that tells this entry from one with the same number in another history of the store, as after it was restored
-- from a backup. Entries of before have none, and are in every history that there is.
ALTER TABLE changes ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;

-- What is asked for with a million clients.
CREATE INDEX changes_of_tokens ON changes (sequence) WHERE kind = 'token';
CREATE INDEX clients_by_algorithm ON clients (token_algorithm) WHERE token_algorithm IS NOT NULL;
CREATE INDEX chosen_secrets ON client_secrets (client_id) WHERE hash_kind = 'argon2id';
