package io.budgetauthority.configuration;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.ConfigurationJson;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Gives a principal a new secret.
public final class RotateKey {

  /// The most secrets of a principal: a rotation or a revocation ends all of them in one
  /// transaction.
  private static final int MAX_SECRETS = 50;

  private final ConfigurationWriter writer;
  private final ApiKeys keys;
  private final Clock clock;

  public RotateKey(ConfigurationWriter writer, ApiKeys keys, Clock clock) {
    this.writer = writer;
    this.keys = keys;
    this.clock = clock;
  }

  /// The outcome of a rotation.
  public sealed interface Result {
    record Done(IssuedKey issued) implements Result {}

    /// No such principal exists.
    record Unknown() implements Result {}

    /// More of its secrets are still good than one transaction can end. The overlaps of earlier
    /// rotations must end first.
    record TooManySecrets(int count) implements Result {}

    /// Another request rotated it at this moment. The secret of that rotation stays as it was
    /// issued, because ending it earlier than was just promised would help nobody.
    record Conflict() implements Result {}
  }

  /// The longest time for which an older secret may stay good.
  public static final Duration MAX_OVERLAP = Duration.ofDays(30);

  /// Creates a new secret. Every older one ends within `overlap`, or earlier where its end was
  /// earlier.
  ///
  /// @param by who rotates it
  public Result rotate(Caller by, String tenantId, String principalId, Duration overlap) {
    Optional<ApiKeys.Stored> found = keys.find(tenantId, principalId);
    if (found.isEmpty()) {
      return new Result.Unknown();
    }
    ApiKeys.Stored seen = found.get();
    Instant now = clock.instant();
    Map<String, Instant> older = keys.stillGood(seen.hashes());
    if (older.size() > MAX_SECRETS) {
      return new Result.TooManySecrets(older.size());
    }
    String secret = Secrets.next();
    String hash = ApiKeys.hashOf(secret);
    List<Write> writes =
        new ArrayList<>(keys.replaceSecret(seen, hash, List.copyOf(older.keySet())));
    Instant until = now.plus(overlap);
    older.forEach(
        (one, end) -> {
          if (end.isAfter(until)) {
            writes.add(keys.end(one, until));
          }
        });
    List<String> changed = new ArrayList<>(older.keySet());
    changed.add(hash);
    Caller caller = seen.principal().caller();
    AuditEntry entry =
        AuditEntry.of(
            by,
            now,
            IssueKey.subject(tenantId, principalId),
            caller,
            ((ObjectNode) ConfigurationJson.tree(caller))
                .put("overlap_seconds", overlap.toSeconds()));
    boolean written =
        writer.write(
            new ConfigurationChange(
                tenantId,
                entry,
                writes,
                List.of(new ConfigurationChange.Published(SnapshotStore.Kind.KEY, changed))),
            Deadline.ofRequest(),
            () -> keys.evict(changed));
    if (!written) {
      return new Result.Conflict();
    }
    return new Result.Done(new IssuedKey(seen.principal(), secret));
  }
}
