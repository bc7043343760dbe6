/**
 * Says what exactly was recorded, and proves it: verifies the chains of the trail, signs how they stand outside the
 * database, erases persons, and drops what is older than it shall be. Reads the trail, writes checkpoints.
 */
package dev.treering.audit;
