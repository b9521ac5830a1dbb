package io.budgetauthority;

import io.budgetauthority.storage.Database;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Reports in the body of readiness whether the ledger answered the last call. The service stays
/// ready during an outage (protocol.md#outage), because only a ready service gets requests to
/// answer.
@Singleton
@Readiness
final class LedgerHealth implements HealthCheck {

  private final Database database;

  LedgerHealth(Database database) {
    this.database = database;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("ledger")
        .up()
        .withData("reachable", database.isReachable())
        .build();
  }
}
