package io.budgetauthority.configuration;

import io.budgetauthority.configuration.write.ConfigurationChange;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingSet;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.SnapshotStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What every change of one ceiling has in common.
///
/// @param by who changes it
/// @param before the ceilings of the scope id before the change
/// @param after the ceilings after it
record CeilingChange(
    Caller by,
    ScopeId scopeId,
    CeilingWindow window,
    Instant at,
    CeilingSet before,
    CeilingSet after) {

  /// The change, with further writes that belong to it.
  ConfigurationChange with(Ceilings ceilings, List<Write> further) {
    List<Write> writes = new ArrayList<>(ceilings.replace(scopeId, after));
    writes.addAll(further);
    return new ConfigurationChange(
        scopeId.tenantId(),
        AuditEntry.of(
            by,
            at,
            subject(scopeId, window),
            before.byWindow().get(window),
            after.byWindow().get(window)),
        writes,
        changesModes()
            ? List.of(
                new ConfigurationChange.Published(SnapshotStore.Kind.POLICY, scopeId.tenantId()))
            : List.of());
  }

  /// Whether the change may change the strictest mode of the tenant.
  private boolean changesModes() {
    return !Objects.equals(mode(before), mode(after));
  }

  private @Nullable Mode mode(CeilingSet set) {
    Ceiling ceiling = set.byWindow().get(window);
    return ceiling == null ? null : ceiling.mode();
  }

  /// What the audit trail calls a ceiling.
  static String subject(ScopeId scopeId, CeilingWindow window) {
    return "ceilings/" + scopeId.scope().wireName() + "/" + scopeId.id() + "/" + window.wireName();
  }

  /// What is contended where the change meets others.
  static String nameOf(ScopeId scopeId) {
    return "the set of ceilings of " + scopeId.scope().wireName() + " " + scopeId.id();
  }
}
