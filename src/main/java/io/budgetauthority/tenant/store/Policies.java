package io.budgetauthority.tenant.store;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.VersionedPolicy;

/// The policies of tenants, stored in the ledger table. Safe for use by many threads.
public final class Policies {

  private final Database database;
  private final String table;
  private final VersionedCache<String, VersionedPolicy> cache =
      new VersionedCache<>(VersionedPolicy::version);

  public Policies(Database database, String table) {
    this.database = database;
    this.table = table;
  }

  /// The policy that applies, at most a few seconds old. A tenant without one of its own has
  /// [Policy#DEFAULT].
  public VersionedPolicy of(String tenantId) {
    return cache.get(tenantId, this::now);
  }

  /// The policy as it is stored now.
  public VersionedPolicy now(String tenantId) {
    VersionedPolicy read =
        database
            .get(table, key(tenantId), Deadline.ofLookUp())
            .map(Policies::read)
            .orElseGet(
                () ->
                    new VersionedPolicy(Policy.DEFAULT, Calendar.in(Policy.DEFAULT.timeZone()), 0));
    cacheIfNewer(tenantId, read);
    return read;
  }

  private static VersionedPolicy read(Attributes item) {
    Policy policy = ConfigurationItems.read(item, Policy.class);
    String calendar = item.textOrNull("calendar");
    return new VersionedPolicy(
        policy,
        calendar == null
            ? Calendar.in(policy.timeZone())
            : ConfigurationJson.read(calendar, Calendar.class),
        ConfigurationItems.version(item));
  }

  /// Caches a policy that was just read or written, unless a newer one is cached.
  public void cacheIfNewer(String tenantId, VersionedPolicy policy) {
    cache.putIfNewer(tenantId, policy);
  }

  /// Removes what is cached, after a change or where an account shows that a change was made.
  public void evict(String tenantId) {
    cache.evict(tenantId);
  }

  /// A write that stores a policy over the version before it.
  public Write replace(String tenantId, VersionedPolicy next) {
    return ConfigurationItems.replace(
        table,
        ConfigurationItems.item(key(tenantId), next.policy())
            .put("calendar", ConfigurationJson.write(next.calendar())),
        next.version());
  }

  /// A check that a policy still has the version that it was read with.
  public Write unchanged(String tenantId, VersionedPolicy seen) {
    return new Write.Check(table, key(tenantId), ConfigurationItems.hasVersion(seen.version()));
  }

  private static Key key(String tenantId) {
    return ConfigurationItems.key(tenantId, "policy");
  }
}
