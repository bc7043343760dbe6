/**
 * Says how it stands: start banner, health, {@code /api/status}, and what was wrong when it could not start. Reads what
 * the stations say of themselves, asks the stores whether they take writes, and writes nothing.
 */
package dev.treering.status;
