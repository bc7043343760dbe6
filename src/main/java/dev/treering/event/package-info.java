/**
 * What travels on the topics: CircleCI's nouns, the envelopes around them, and the names of the topics. Reads and
 * writes nothing; it stands apart so that stations meet in topics and not in each other.
 */
package dev.treering.event;
