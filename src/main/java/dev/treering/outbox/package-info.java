/**
 * Ways to the topics that lose nothing: the producer, the table that holds what Kafka has not taken yet, and the relay
 * that carries its rows over. Reads and writes {@code outbox} and writes any topic; it stands apart because every
 * station that publishes needs the same guarantee.
 */
package dev.treering.outbox;
