package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Optimistic;
import io.budgetauthority.storage.Optimistic.Attempt;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Deletes a principal with all its secrets.
public final class RevokeKey {

  private static final int PAGE = 200;

  private final ConfigurationWriter writer;
  private final ApiKeys keys;
  private final Clock clock;

  public RevokeKey(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    this.writer = writer;
    this.keys = keys;
    this.clock = clock;
  }

  /// The outcome of a revocation.
  public enum Result {
    DONE,
    /// No such principal exists.
    UNKNOWN,
    /// It is the last admin of its tenant. Without it, nobody could configure the tenant any more.
    LAST_ADMIN
  }

  /// None of the principal's secrets is good any more, and neither is one that it is given at this
  /// moment. Where the principal is an admin, the same transaction checks that another admin
  /// exists.
  ///
  /// @param by who revokes it
  public Result revoke(Caller by, String tenantId, String principalId) {
    Deadline deadline = Deadline.ofRequest();
    return Optimistic.retry(
        deadline, "key " + principalId, () -> attempt(by, tenantId, principalId, deadline));
  }

  private Attempt<Result> attempt(
      Caller by, String tenantId, String principalId, Deadline deadline) {
    Optional<ApiKeys.Stored> found = keys.find(tenantId, principalId);
    if (found.isEmpty()) {
      return Attempt.done(Result.UNKNOWN);
    }
    ApiKeys.Stored seen = found.get();
    List<Write> writes = new ArrayList<>();
    if (seen.principal().caller().role() == Role.ADMIN) {
      Optional<String> other = otherAdmin(tenantId, principalId);
      if (other.isEmpty()) {
        return Attempt.done(Result.LAST_ADMIN);
      }
      writes.add(keys.exists(tenantId, other.get()));
    }
    writes.addAll(keys.delete(seen));
    ConfigurationChange change =
        new ConfigurationChange(
            tenantId,
            AuditEntry.of(
                by,
                clock.instant(),
                IssueKey.subject(tenantId, principalId),
                seen.principal().caller(),
                null),
            writes,
            List.of(new ConfigurationChange.Published(SnapshotStore.Kind.KEY, seen.hashes())));
    if (!writer.write(change, deadline, () -> keys.evict(seen.hashes()))) {
      return Attempt.conflict();
    }
    return Attempt.done(Result.DONE);
  }

  private Optional<String> otherAdmin(String tenantId, String principalId) {
    String after = null;
    List<ApiKeys.Principal> page;
    do {
      page = keys.list(tenantId, PAGE, after);
      for (ApiKeys.Principal principal : page) {
        Caller caller = principal.caller();
        if (caller.role() == Role.ADMIN && !caller.principalId().equals(principalId)) {
          return Optional.of(caller.principalId());
        }
        after = caller.principalId();
      }
    } while (page.size() == PAGE);
    return Optional.empty();
  }
}
