/**
 * The trail for people: what came, what could not be read, and doing it again. Reads the trail, writes its tasks and what is said
 * of dead letters; whatever becomes rows or events goes through {@code history}. It is apart because reading a trail of years
 * has other needs than asking the current truth.
 */
package dev.treering.audit;
