/* TODO(update) */
