package io.budgetauthority.local;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The main class of the local build. It starts the local cloud and then the service.
@QuarkusMain
public final class LocalMain {

  /// Starts the cloud, configures the service for it, and runs the service until it ends.
  public static void main(String[] args) {
    long from = System.nanoTime();
    try (LocalCloud cloud = LocalCloud.start(LocalSettings.fromEnvironment())) {
      System.out.printf(
          "AWS in the local build, started in %.1f s: DynamoDB %s, S3 %s, SQS %s%n",
          (System.nanoTime() - from) / 1e9,
          cloud.dynamoDbEndpoint(),
          cloud.s3Endpoint(),
          cloud.sqsEndpoint());
      List<String> told = tell(cloud);
      try {
        Quarkus.run(args);
      } finally {
        // A live reload calls this method again, with another cloud.
        told.forEach(System::clearProperty);
      }
    } catch (LocalCloudUnavailable | IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  /// Sets the cloud's configuration as system properties, except those that are already set as a
  /// property or an environment variable.
  private static List<String> tell(LocalCloud cloud) {
    List<String> told = new ArrayList<>();
    cloud
        .config()
        .forEach(
            (name, value) -> {
              if (System.getProperty(name) == null && System.getenv(asVariable(name)) == null) {
                System.setProperty(name, value);
                told.add(name);
              }
            });
    return told;
  }

  /// The environment variable that Quarkus reads for a property.
  private static String asVariable(String property) {
    return property.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
  }
}
