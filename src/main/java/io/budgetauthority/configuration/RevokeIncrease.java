package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountIncrease;
import io.budgetauthority.ledger.increase.Increase;
import io.budgetauthority.ledger.increase.Increases;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.AuditEntry;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Takes an increase away before its time (protocol.md#increases). Money that is held under it
/// stays held.
public final class RevokeIncrease {

  private final ConfigurationWriter writer;
  private final Ledger ledger;
  private final Increases increases;
  private final Clock clock;

  public RevokeIncrease(ConfigurationWriter writer, Ledger ledger, Clock clock) {
    this.writer = writer;
    this.ledger = ledger;
    this.increases = ledger.increases();
    this.clock = clock;
  }

  /// The increase as it is now; empty where the tenant has none of that id. One that has ended
  /// stays as it is.
  public Optional<Increase> revoke(Caller by, String id) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline,
        "increase " + id,
        () -> {
          Increase seen = increases.find(by.tenantId(), id, deadline).orElse(null);
          Instant now = clock.instant();
          if (seen == null || seen.stateAt(now) != Increase.State.ACTIVE) {
            return Attempt.done(Optional.ofNullable(seen));
          }
          Account stored = ledger.account(seen.account(), deadline).orElse(null);
          AccountIncrease included =
              stored == null ? null : stored.increases().find(id).orElse(null);
          if (stored == null || included == null) {
            return Attempt.conflict();
          }
          AuditEntry entry =
              AuditEntry.of(
                  by,
                  now,
                  "increases/" + id,
                  Map.of("state", Increase.State.ACTIVE.wireName()),
                  Map.of("state", Increase.State.REVOKED.wireName()));
          ConfigurationChange change =
              new ConfigurationChange(
                  by.tenantId(),
                  entry,
                  increases.ending(stored, List.of(included), true, now),
                  List.of());
          return writer.write(change, deadline, () -> {})
              ? Attempt.done(increases.find(by.tenantId(), id, deadline))
              : Attempt.conflict();
        });
  }
}
