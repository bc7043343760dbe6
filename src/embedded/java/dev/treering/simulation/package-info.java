/**
 * A small make-believe CircleCI: it plays seeded runs of fictional projects through the real webhook door and answers API v2
 * for them. It uses no class of the application, so that it can prove the application; tests and the demo share it.
 */
package dev.treering.simulation;
