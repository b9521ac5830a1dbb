package io.budgetauthority.ledger.group;

import io.budgetauthority.storage.Deadline;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/// How the members of groups wait for their turn.
final class Turns {

  private Turns() {}

  /// What a member is told. It waits until its deadline, and then goes alone, unless it is in a
  /// group by then.
  ///
  /// @param leaves whether the member still waited; it then waits no longer
  /// @param alone the turn of a member that goes alone
  static <T> T await(
      CompletableFuture<T> turn, Deadline deadline, BooleanSupplier leaves, T alone) {
    try {
      return turn.get(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return leaves.getAsBoolean() ? alone : turn.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return leaves.getAsBoolean() ? alone : turn.join();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a turn is never a fault", e);
    }
  }
}
