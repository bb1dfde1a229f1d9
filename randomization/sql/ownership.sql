ALTER TABLE sealed.list_entry OWNER TO candor_unblinded;
ALTER TABLE sealed.kit_content OWNER TO candor_unblinded;
ALTER TABLE sealed.nonce OWNER TO candor_unblinded;
GRANT EXECUTE ON FUNCTION audit.open_verb() TO candor_unblinded;
