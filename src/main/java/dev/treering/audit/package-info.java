/**
 * The trail for those who ask what happened: search, single entries and exports, and the record of what people had Treering do.
 * Reads {@code trail} and writes {@code treering.acts}; it stands apart because who may read the trail is not who may read
 * the history, and because an act is recorded whatever station's door it comes in by.
 */
package dev.treering.audit;
