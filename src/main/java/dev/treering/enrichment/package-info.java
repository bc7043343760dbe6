/**
 * Completes what webhooks leave out. Reads {@code circleci.webhooks} and API v2, writes {@code circleci.snapshots} and its
 * own tasks; it stands apart from the history so that no fact ever waits for a slow API.
 */
package dev.treering.enrichment;
