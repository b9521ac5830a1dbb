package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.time.Instant;
import java.util.List;

/// Creates a principal of a tenant and its secret.
public final class IssueKey {

  private final ConfigurationWriter writer;
  private final ApiKeys keys;
  private final Clock clock;

  public IssueKey(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    this.writer = writer;
    this.keys = keys;
    this.clock = clock;
  }

  /// @param by who creates it
  public IssuedKey issue(Caller by, Caller wanted) {
    Instant now = clock.instant();
    ApiKeys.Principal principal = new ApiKeys.Principal(wanted, now);
    String secret = Secrets.next();
    String hash = ApiKeys.hashOf(secret);
    boolean written =
        writer.write(
            new ConfigurationChange(
                wanted.tenantId(),
                AuditEntry.of(
                    by, now, subject(wanted.tenantId(), wanted.principalId()), null, wanted),
                keys.create(principal, hash),
                List.of(new ConfigurationChange.Published(SnapshotStore.Kind.KEY, hash))),
            Deadline.ofRequest(),
            () -> keys.evict(List.of(hash)));
    if (!written) {
      throw new IllegalStateException("a key is written unconditionally");
    }
    return new IssuedKey(principal, secret);
  }

  /// What the audit trail calls a key. An operator belongs to no tenant.
  static String subject(String tenantId, String principalId) {
    return (tenantId.isEmpty() ? "operators/" : "keys/") + principalId;
  }
}
