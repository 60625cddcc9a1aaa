/* TODO(vector) */
