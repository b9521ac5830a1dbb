package io.budgetauthority.deploy;

import io.budgetauthority.local.LocalCloud;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsCredentials;

/// What every deployed part is told: its options and its environment, with a local cloud in AWS's
/// place.
final class Deployed {

  /// As the template's `JAVA_TOOL_OPTIONS`.
  static final List<String> JVM_OPTIONS = List.of("--add-opens=java.base/java.lang=ALL-UNNAMED");

  /// What the template calls its prefix.
  static final String DEPLOYMENT = "team-a";

  private Deployed() {}

  /// The variables of a function or a server that uses a cloud: names of its tables and the rest as
  /// the template sets them, and where the local servers are, which AWS needs not be told.
  static Map<String, String> environment(LocalCloud cloud) {
    Map<String, String> environment = new HashMap<>();
    cloud
        .config()
        .forEach(
            (name, value) -> {
              if (name.startsWith("budget.") || name.matches("quarkus\\.(dynamodb|s3|sqs)\\..*")) {
                environment.put(
                    name.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT), value);
              }
            });
    environment.put("BUDGET_METRICS_DEPLOYMENT", DEPLOYMENT);
    environment.put("AWS_REGION", LocalCloud.region().id());
    // Of a client that no extension configures.
    AwsCredentials credentials = LocalCloud.credentials().resolveCredentials();
    environment.put("AWS_ACCESS_KEY_ID", credentials.accessKeyId());
    environment.put("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey());
    return environment;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
