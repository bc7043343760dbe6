package dev.treering.standalone;

/** Commands to paste into a shell of Linux or macOS: one signed webhook, and the workflow read back. */
record FirstWebhook(String address, String secret, String token) {

    private static final String WORKFLOW = "5f2f6d0e-6a53-4b0e-9d35-7c1d2f0a9e11";

    // Every OpenSSL and LibreSSL prints the digest last, with other words before it.
    private static final String COMMANDS = """
            secret=<secret>
            token=<token>
            body='<body>'
            signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$secret" | sed 's/.* //')
            curl -sS -w '\\n' <address>/webhooks/circleci -H 'content-type: application/json' -H "circleci-signature: v1=$signature" --data-binary "$body"
            sleep 2
            curl -sS -w '\\n' <address>/api/v2/workflow/<workflow> -H "Circle-Token: $token"
            """;

    private static final String BODY = """
            {"type":"workflow-completed","id":"0b1f3a52-3c1b-3d8e-8a56-3f5a5d0c7e21","happened_at":"2026-01-05T10:02:11.345678Z",
            "webhook":{"id":"9a0c6b1e-2f64-4f0b-8f0e-0d5a7c3b2e10","name":"Treering"},
            "workflow":{"id":"<workflow>","name":"hello","status":"success","url":"https://app.circleci.com",
            "created_at":"2026-01-05T10:00:00.000Z","stopped_at":"2026-01-05T10:02:11.000Z"},
            "pipeline":{"id":"c3d1a9f4-7b1e-4a57-9d3c-5e6f7a8b9c0d","number":1,"created_at":"2026-01-05T09:59:59.000Z",
            "trigger":{"type":"webhook"},"vcs":{"provider_name":"github","branch":"main",
            "revision":"0123456789abcdef0123456789abcdef01234567"}},
            "project":{"id":"1d2c3b4a-5e6f-4a7b-8c9d-0e1f2a3b4c5d","name":"hello","slug":"github/acme/hello"},
            "organization":{"id":"6f5e4d3c-2b1a-4098-8765-43210fedcba9","name":"acme"}}
            """;

    String commands() {
        return COMMANDS.replace("<body>", BODY.replace("\n", ""))
                .replace("<secret>", secret)
                .replace("<token>", token)
                .replace("<address>", address)
                .replace("<workflow>", WORKFLOW)
                .stripTrailing();
    }
}
