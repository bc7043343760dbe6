/**
 * Completes what webhooks leave out, finds what they missed, and fetches the past on request. Reads
 * {@code circleci.webhooks}, API v2 and the history's queries, writes {@code circleci.snapshots} and its own tasks; it
 * stands apart from the history so that no fact ever waits for a slow API.
 */
package dev.treering.enrichment;
