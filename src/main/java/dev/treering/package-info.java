/** Treering keeps what CircleCI forgets. */
package dev.treering;
