package dev.treering.status;

/** More for the start banner, printed below the addresses. */
public interface BannerSection {

    /** Lines of text, without a line break at the end. */
    String text();
}
