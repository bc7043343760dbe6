package dev.treering.command;

import java.time.Clock;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

import static org.assertj.core.api.Assertions.assertThat;

class TreeringCommandTest {

    private static Stream<CommandLine> commands() {
        return below(TreeringCommand.line(Map.of(), Clock.systemUTC(), seconds -> {}, false));
    }

    private static Stream<CommandLine> below(CommandLine command) {
        return command.getSubcommands().values().stream().flatMap(one -> Stream.concat(Stream.of(one), below(one)));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommand_showsExamplesThatBeginWithItsName_andWhatItReadsFromTheEnvironment(CommandLine command) {
        String name = command.getCommandSpec().qualifiedName().replaceFirst("^\\S+ ", "");
        assertThat(command.getUsageMessage(Ansi.OFF))
                .contains("Examples:\n  " + name, "Exit codes:", "TREERING_URL", "TREERING_TOKEN");
    }
}
