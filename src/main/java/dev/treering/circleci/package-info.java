/**
 * The remote system: API v2 behind one class, {@link dev.treering.circleci.CircleCi}. Reads API v2 with the team's token,
 * which goes to no other host; paging, deadlines, what an answer's status means and whose turn it is to call (its one table)
 * live here and nowhere else.
 */
package dev.treering.circleci;
