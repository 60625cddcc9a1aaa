/* TODO(moe) */
