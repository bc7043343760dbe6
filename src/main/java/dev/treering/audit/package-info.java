/**
 * The trail for those who ask what happened: search, single entries and exports, the record of what people had Treering do,
 * and the proof of it all: verification, signed checkpoints, erasure and retention. Reads {@code trail}, writes {@code
 * treering.acts} and {@code treering.checkpoints}; it stands apart because who may read the trail is not who may read the
 * history, and because an act is recorded whatever station's door it comes in by.
 */
package dev.treering.audit;
