package io.budgetauthority.record;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The part of one account or rate in a decision. All amounts are micro-USD.
public sealed interface Share permits AccountShare, RateShare {

  Scope scope();

  String id();

  /// What tells it from the others of the decision.
  AccountName name();

  /// The mode in which it was judged.
  Mode mode();

  MicroUsd limit();

  /// What is held on it for the decision.
  MicroUsd hold();

  /// What it has left after the decision; negative for one in debt.
  MicroUsd remaining();

  /// The end of an account's period. For a rate, when the call would fit or, where it fits, when
  /// the burst is whole again. Null for a total, for a call that never fits and for a whole burst.
  @Nullable Instant resetsAt();

  /// Whether it has nothing left for a call that costs something.
  boolean isExhausted();
}
