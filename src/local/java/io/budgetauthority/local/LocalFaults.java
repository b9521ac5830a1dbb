package io.budgetauthority.local;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ProvisionedThroughputExceededException;

/// Makes a service of the local build unavailable and available again, so that a gateway can be
/// tried out. The SDK calls it before each call. The SDK creates one for each client, and dev mode
/// loads it by another class loader than the resource that sets the state. So the state is a system
/// property, which is the same in the whole process.
public final class LocalFaults implements ExecutionInterceptor {

  private static final Duration SLOW = Duration.ofSeconds(5);

  private static final String PROPERTY = "budget.local.fault.";

  /// A service that can be made unavailable.
  public enum Service {
    /// DynamoDB.
    LEDGER("DynamoDb"),
    /// S3.
    BUCKET("S3"),
    /// SQS.
    QUEUE("Sqs");

    private final String sdkName;

    Service(String sdkName) {
      this.sdkName = sdkName;
    }
  }

  /// The state of a service.
  public enum State {
    UP,
    /// No call is answered.
    DOWN,
    /// Every call takes five seconds longer.
    SLOW,
    /// Every write of the ledger conflicts.
    BUSY,
    /// Every call is throttled.
    THROTTLED,
    /// Every call fails with a fault that no code expects.
    BROKEN;

    static State ofWireName(String wireName) {
      return Arrays.stream(values())
          .filter(state -> state.wireName().equals(wireName))
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "must be one of "
                          + Arrays.stream(values())
                              .map(State::wireName)
                              .collect(Collectors.joining(", "))));
    }

    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static void set(Service service, State state) {
    System.setProperty(PROPERTY + service.sdkName, state.name());
  }

  private static State of(String sdkName) {
    return State.valueOf(System.getProperty(PROPERTY + sdkName, State.UP.name()));
  }

  @Override
  public void beforeTransmission(
      Context.BeforeTransmission context, ExecutionAttributes attributes) {
    String service = attributes.getAttribute(SdkExecutionAttribute.SERVICE_NAME);
    switch (of(service)) {
      case UP -> {}
      case DOWN -> throw SdkClientException.create("injected outage: no answer");
      case SLOW -> waitFor(SLOW);
      case BUSY -> {
        DynamoDbException conflict = InjectedConflict.of(context.request());
        if (conflict != null) {
          throw conflict;
        }
      }
      case THROTTLED ->
          throw ProvisionedThroughputExceededException.builder()
              .message("injected throttling")
              .statusCode(400)
              .awsErrorDetails(error("ProvisionedThroughputExceededException", service))
              .build();
      case BROKEN ->
          throw DynamoDbException.builder()
              .message("injected fault that nobody expects")
              .statusCode(400)
              .awsErrorDetails(error("ValidationException", service))
              .build();
    }
  }

  private static void waitFor(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      // The SDK's deadline has passed.
      Thread.currentThread().interrupt();
    }
  }

  private static AwsErrorDetails error(String code, String service) {
    return AwsErrorDetails.builder().errorCode(code).serviceName(service).build();
  }
}
