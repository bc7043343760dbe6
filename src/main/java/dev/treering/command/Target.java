package dev.treering.command;

import java.util.Map;
import java.util.Optional;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** Where Treering is, and the token to show it: what every command asks for. */
final class Target {

    @Option(
            names = "--url",
            paramLabel = "URL",
            scope = ScopeType.INHERIT,
            description = {
                "Where Treering is. Default: TREERING_URL, else",
                "http://localhost:8080. The token to show it is in TREERING_TOKEN."
            })
    private String url;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private final Map<String, String> environment;

    Target(Map<String, String> environment) {
        this.environment = environment;
    }

    Service service() {
        return new Service(address(), token());
    }

    /** As it was given, to be given again. */
    String option() {
        return url == null ? "" : " --url " + url;
    }

    private String address() {
        String address =
                Optional.ofNullable(url).or(() -> variable("TREERING_URL")).orElse("http://localhost:8080");
        if (!address.matches("(?i)https?://[\\w.:\\[\\]-]+(/[\\w./~-]*)?")) {
            throw wrongUse("'%s' in --url or TREERING_URL is no address such as https://treering.example.org"
                    .formatted(address));
        }
        return address.replaceAll("/+$", "");
    }

    /** Never an option: what stands on a command line, everybody on the machine can read. */
    private Optional<String> token() {
        Optional<String> token = variable("TREERING_TOKEN").or(() -> variable("TREERING_SECURITY_BOOTSTRAP_TOKEN"));
        if (token.isPresent() && !token.get().matches("\\p{Graph}+")) {
            throw wrongUse("The token in TREERING_TOKEN has characters that no token has");
        }
        return token;
    }

    private Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    ParameterException wrongUse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
