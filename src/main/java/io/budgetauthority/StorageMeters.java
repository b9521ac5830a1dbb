package io.budgetauthority;

import io.budgetauthority.metrics.Meters;
import io.budgetauthority.storage.StorageListener;

/// Counts what happens to calls of the ledger.
final class StorageMeters implements StorageListener {

  @Override
  public void retried() {
    Meters.contended();
  }

  @Override
  public void gaveUp() {
    Meters.gaveUp();
  }

  @Override
  public void unavailable() {
    Meters.ledgerWasAway();
  }
}
