/** The kubectl whose words and ways are ours. */
export const CLIENT_VERSION = "v1.36.3";
