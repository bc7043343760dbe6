/** The service itself: its main class, which starts the stations and prints the banner. It holds no logic of a station. */
package dev.treering;
