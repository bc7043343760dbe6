package dev.treering.chaos;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Scenarios in one {@link World}: separate processes are started once and killed in every test. What goes wrong names the seed
 * with which it can be played again, {@code -Dtreering.seed=…}. Two worlds run at a time, but for those that take or measure all
 * of the machine, which are {@link org.junit.jupiter.api.parallel.Isolated}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(Seed.InFailures.class)
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@interface ChaosSuite {}
