package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.configuration.write.ConfigurationWriter;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.Policies;
import io.budgetauthority.tenant.store.SnapshotStore;
import io.budgetauthority.tenant.store.TenantDirectory;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Creates a tenant with its policy and its first keys, in one transaction: a tenant without a key
/// could not be configured by anybody.
public final class CreateTenant {

  private final ConfigurationWriter writer;
  private final Policies policies;
  private final TenantDirectory directory;
  private final ApiKeys keys;
  private final Clock clock;

  public CreateTenant(
      ConfigurationWriter writer,
      Policies policies,
      TenantDirectory directory,
      ApiKeys keys,
      Clock clock) {
    this.writer = writer;
    this.policies = policies;
    this.directory = directory;
    this.keys = keys;
    this.clock = clock;
  }

  /// Creates a tenant with one admin key; empty where a tenant of that name exists.
  ///
  /// @param by the operator who creates it
  public Optional<IssuedKey> create(Caller by, String tenantId, Policy policy) {
    Caller admin = new Caller(tenantId, "admin", Role.ADMIN, null, null);
    String secret = Secrets.next();
    boolean created =
        create(
            by,
            tenantId,
            policy,
            Map.of(secret, admin),
            IssueKey.subject(tenantId, admin.principalId()),
            admin);
    return created
        ? Optional.of(new IssuedKey(new ApiKeys.Principal(admin, clock.instant()), secret))
        : Optional.empty();
  }

  /// Creates a tenant with principals under secrets that the caller chose. False where a tenant of
  /// that name exists.
  public boolean create(
      Caller by, String tenantId, Policy policy, Map<String, Caller> principalBySecret) {
    return create(
        by,
        tenantId,
        policy,
        principalBySecret,
        "keys",
        Map.of("keys", List.copyOf(principalBySecret.values())));
  }

  private boolean create(
      Caller by,
      String tenantId,
      Policy policy,
      Map<String, Caller> principalBySecret,
      String subject,
      Object principals) {
    Instant now = clock.instant();
    List<Write> writes = new ArrayList<>();
    writes.add(
        policies.replace(tenantId, new VersionedPolicy(policy, Calendar.in(policy.timeZone()), 1)));
    writes.add(directory.add(tenantId, now));
    List<String> hashes = new ArrayList<>();
    principalBySecret.forEach(
        (secret, principal) -> {
          String hash = ApiKeys.hashOf(secret);
          hashes.add(hash);
          writes.addAll(keys.create(new ApiKeys.Principal(principal, now), hash));
        });
    List<ConfigurationChange.Published> published = new ArrayList<>();
    published.add(new ConfigurationChange.Published(SnapshotStore.Kind.POLICY, tenantId));
    if (!hashes.isEmpty()) {
      published.add(new ConfigurationChange.Published(SnapshotStore.Kind.KEY, hashes));
    }
    return writer.write(
        new ConfigurationChange(
            tenantId, AuditEntry.of(by, now, subject, null, principals), writes, published),
        Deadline.ofRequest(),
        () -> {
          policies.evict(tenantId);
          keys.evict(hashes);
        });
  }
}
