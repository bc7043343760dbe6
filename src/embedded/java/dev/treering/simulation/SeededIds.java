package dev.treering.simulation;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.UUID;

/** Everything that looks random, as a function of the seed and a name: the same simulation can be played again. */
record SeededIds(long seed) {

    /** An entity's id; CircleCI's own look random (version 4). */
    UUID entity(String name) {
        UUID id = digest(name);
        return new UUID(id.getMostSignificantBits() & ~0xF000L | 0x4000L, id.getLeastSignificantBits());
    }

    /** Forty hexadecimal digits, as git names a commit. */
    String revision(String name) {
        String digits = digest(name).toString() + digest(name + "/rest");
        return digits.replace("-", "").substring(0, 40);
    }

    SplittableRandom random(String name) {
        return new SplittableRandom(digest(name).getMostSignificantBits());
    }

    private UUID digest(String name) {
        return UUID.nameUUIDFromBytes((seed + "/" + name).getBytes(StandardCharsets.UTF_8));
    }
}
