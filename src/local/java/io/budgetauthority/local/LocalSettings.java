package io.budgetauthority.local;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// The settings of the local build. Every setting has an environment variable, and a system
/// property of the same name in lower case with dots (`BUDGET_LOCAL_DATA`, `budget.local.data`).
/// The property takes precedence.
///
/// @param data `BUDGET_LOCAL_DATA`, the folder that stores everything; `.local` unless set; empty
///   for `memory`: a temporary folder, removed at the end
/// @param dynamoDb `BUDGET_LOCAL_DYNAMODB`, the endpoint of a DynamoDB to use instead of starting
///   one
/// @param sqs `BUDGET_LOCAL_SQS`, the endpoint of an SQS to use instead of starting one
/// @param dynamoDbPort `BUDGET_LOCAL_DYNAMODB_PORT`; 0 unless set, as the other two ports, which
///   means a free one
/// @param sqsPort `BUDGET_LOCAL_SQS_PORT`
/// @param s3Port `BUDGET_LOCAL_S3_PORT`
/// @param prefix `BUDGET_LOCAL_PREFIX`, the text that the names of tables, bucket and queues begin
///   with; `budget-authority` unless set
public record LocalSettings(
    Optional<Path> data,
    Optional<URI> dynamoDb,
    Optional<URI> sqs,
    int dynamoDbPort,
    int sqsPort,
    int s3Port,
    String prefix) {

  private static final String MEMORY = "memory";
  static final String USUAL_PREFIX = "budget-authority";

  public LocalSettings {
    requirePort("BUDGET_LOCAL_DYNAMODB_PORT", dynamoDbPort);
    requirePort("BUDGET_LOCAL_SQS_PORT", sqsPort);
    requirePort("BUDGET_LOCAL_S3_PORT", s3Port);
  }

  /// The settings for a temporary folder and free ports.
  public static LocalSettings inMemory() {
    return new LocalSettings(
        Optional.empty(), Optional.empty(), Optional.empty(), 0, 0, 0, USUAL_PREFIX);
  }

  /// The settings for a folder and free ports.
  public static LocalSettings in(Path folder) {
    return new LocalSettings(
        Optional.of(folder), Optional.empty(), Optional.empty(), 0, 0, 0, USUAL_PREFIX);
  }

  /// The settings of this process.
  public static LocalSettings fromEnvironment() {
    return from(
        name ->
            Optional.ofNullable(System.getProperty(name.toLowerCase(Locale.ROOT).replace('_', '.')))
                .or(() -> Optional.ofNullable(System.getenv(name)))
                .map(String::strip)
                .filter(value -> !value.isEmpty()));
  }

  /// Reads the settings with a look-up by the name of an environment variable.
  ///
  /// @throws IllegalArgumentException naming the setting whose value cannot be read
  static LocalSettings from(Function<String, Optional<String>> lookUp) {
    String data = lookUp.apply("BUDGET_LOCAL_DATA").orElse(".local");
    return new LocalSettings(
        data.equals(MEMORY) ? Optional.empty() : Optional.of(Path.of(data)),
        endpoint(lookUp, "BUDGET_LOCAL_DYNAMODB"),
        endpoint(lookUp, "BUDGET_LOCAL_SQS"),
        port(lookUp, "BUDGET_LOCAL_DYNAMODB_PORT"),
        port(lookUp, "BUDGET_LOCAL_SQS_PORT"),
        port(lookUp, "BUDGET_LOCAL_S3_PORT"),
        lookUp.apply("BUDGET_LOCAL_PREFIX").orElse(USUAL_PREFIX));
  }

  private static Optional<URI> endpoint(Function<String, Optional<String>> lookUp, String name) {
    return lookUp
        .apply(name)
        .map(
            value -> {
              URI endpoint = URI.create(value);
              if (endpoint.getHost() == null) {
                throw new IllegalArgumentException(
                    name + " is an endpoint such as http://127.0.0.1:8000, not " + value);
              }
              return endpoint;
            });
  }

  private static int port(Function<String, Optional<String>> lookUp, String name) {
    String value = lookUp.apply(name).orElse("0");
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " is a port, not " + value, e);
    }
  }

  private static void requirePort(String name, int port) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException(name + " is a port, not " + port);
    }
  }
}
