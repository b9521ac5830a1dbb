package io.budgetauthority.tenant;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// Writes configuration. Each change is one transaction with its entry in the audit trail. A
/// conflict between two changes is not a fault: the writer waits and tries again. Only a condition
/// that does not hold refuses a change.
public final class ConfigurationWrites {

  private static final int MAX_ATTEMPTS = 20;
  private static final int PAUSE_MILLIS_MIN = 5;
  private static final int PAUSE_MILLIS_MAX = 50;

  private static final Set<String> PASSING =
      Set.of("None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded");

  private final DynamoDbClient dynamoDb;

  public ConfigurationWrites(DynamoDbClient dynamoDb) {
    this.dynamoDb = dynamoDb;
  }

  /// Other changes conflicted with this one at every attempt; nothing was written.
  public static final class Busy extends RuntimeException {
    private static final long serialVersionUID = 1;

    Busy(Throwable cause) {
      super("the configuration kept changing", cause);
    }

    /// @param what kept changing
    public Busy(String what) {
      super(what + " kept changing");
    }
  }

  /// Writes all of it, or nothing. False where a condition does not hold; [Busy] where every
  /// attempt conflicted or was throttled.
  public boolean write(List<TransactWriteItem> writes) {
    for (int attempt = 1; ; attempt++) {
      try {
        dynamoDb.transactWriteItems(request -> request.transactItems(writes));
        return true;
      } catch (TransactionCanceledException e) {
        Set<String> codes =
            Set.copyOf(
                e.cancellationReasons().stream()
                    .map(reason -> reason.code() == null ? "None" : reason.code())
                    .distinct()
                    .toList());
        if (codes.contains("ConditionalCheckFailed")) {
          return false;
        }
        if (!PASSING.containsAll(codes)) {
          throw e;
        }
        if (attempt == MAX_ATTEMPTS) {
          throw new Busy(e);
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextInt(PAUSE_MILLIS_MIN, PAUSE_MILLIS_MAX));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while writing configuration", e);
    }
  }
}
