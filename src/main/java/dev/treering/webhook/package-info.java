/**
 * Receives: verifies the raw bytes of a webhook and answers 202 only when they are durable. Reads HTTP and writes
 * {@code circleci.webhooks}, through the outbox when Kafka does not answer; it alone knows a secret, and it judges
 * nothing of what a signed body says.
 */
package dev.treering.webhook;
