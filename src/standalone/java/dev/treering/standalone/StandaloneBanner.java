package dev.treering.standalone;

import java.util.Set;

import jakarta.inject.Singleton;

import dev.treering.status.BannerSection;
import org.eclipse.microprofile.config.Config;

/** What only the standalone artefact can tell: where the data are, the secrets it made, and a first webhook to send. */
@Singleton
class StandaloneBanner implements BannerSection {

    private final StandaloneConfig.Standalone standalone;
    private final boolean demo;
    private final Config config;

    StandaloneBanner(StandaloneConfig treering, Config config) {
        this.standalone = treering.standalone();
        this.demo = treering.demo();
        this.config = config;
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder();
        line(text, "Data", standalone.data());
        if (demo) {
            line(text, "Demo", "invented runs of gh/acme/web, gh/acme/api and deploy; a new one every few seconds");
        }
        if (isGenerated(Preparation.WEBHOOK_SECRETS)) {
            line(text, "Secret", shownOnce(Preparation.WEBHOOK_SECRETS));
        }
        if (isGenerated(Preparation.ADMIN_TOKEN)) {
            line(text, "Token", shownOnce(Preparation.ADMIN_TOKEN));
        }
        FirstWebhook example = new FirstWebhook(
                "http://localhost:" + setting("quarkus.http.port"),
                inShell(Secrets.WEBHOOK_SECRET, Preparation.WEBHOOK_SECRETS),
                inShell(Secrets.ADMIN_TOKEN, Preparation.ADMIN_TOKEN));
        return text.append("\nSend a webhook, and read it back a moment later:\n\n")
                .append(example.commands())
                .toString();
    }

    /** A secret just made is shown in full; later the terminal's log is no place for it. */
    private String shownOnce(String setting) {
        return standalone.secretsJustMade()
                ? setting(setting) + "  (shown once, kept in " + secretsFile() + ")"
                : "in " + secretsFile();
    }

    /** How the pasted commands come by a secret: from its file, so that none ends in a shell's history. */
    private String inShell(String name, String setting) {
        return isGenerated(setting)
                ? "$(sed -n 's/^" + name + "=//p' '" + secretsFile() + "')"
                : "'the value of " + GivenSettings.variable(setting) + "'";
    }

    private boolean isGenerated(String setting) {
        return standalone.generated().orElse(Set.of()).contains(setting);
    }

    private String secretsFile() {
        return standalone.secretsFile().orElse("");
    }

    private String setting(String name) {
        return config.getOptionalValue(name, String.class).orElse("");
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append("%-11s %s%n".formatted(name, value));
    }
}
