package io.budgetauthority;

import io.budgetauthority.ledger.Ledger;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Says in readiness' body whether the ledger answered last. It never makes the service unready:
/// what is answered while the ledger is away, the protocol says (section 8), and only a ready
/// service answers.
@Singleton
@Readiness
final class LedgerHealth implements HealthCheck {

  private final Ledger ledger;

  LedgerHealth(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("ledger")
        .up()
        .withData("reachable", ledger.isReachable())
        .build();
  }
}
