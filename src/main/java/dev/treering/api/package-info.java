/**
 * Serves: the history in the shape of CircleCI's API v2, so that an existing client changes only its host. Reads through
 * {@code history} and writes nothing; it alone knows CircleCI's JSON on the way out.
 */
package dev.treering.api;
