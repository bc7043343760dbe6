/**
 * Folds facts into rows and answers every query over them. Reads {@code circleci.webhooks},
 * {@code circleci.snapshots} and {@code treering.acts}, writes trail, history and (through the outbox) {@code circleci.events}, all in one
 * transaction and from nowhere else: that is what makes a redelivery or a restored backup harmless.
 */
package dev.treering.history;
