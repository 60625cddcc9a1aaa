/* TODO(attention) */
