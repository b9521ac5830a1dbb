package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.VisibleRun;
import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Ceilings.Listed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Lists the ceilings that a caller may see, by scope, id and window. The default ceilings of a
/// policy are not in the list. The ceiling of a run is in the list only if the run's id is asked
/// for.
final class CeilingList {

  private final Ceilings ceilings;
  private final Runs runs;

  CeilingList(Ceilings ceilings, Runs runs) {
    this.ceilings = ceilings;
    this.runs = runs;
  }

  /// A ceiling of the list.
  record Entry(ScopeId scopeId, CeilingWindow window, Ceiling ceiling) {}

  /// A page of ceilings. A query parameter that is wrong gets a 400 that names it.
  ///
  /// @param scopeName null for all scopes
  /// @param id null for all ids
  /// @param limit null for the usual number of entries
  /// @param after `next` of the page before; null for the first page
  Page<Entry> page(
      Caller caller,
      @Nullable String scopeName,
      @Nullable String id,
      @Nullable String limit,
      @Nullable String after) {
    int most = Page.limit(limit);
    CeilingCursor from = after == null ? null : CeilingCursor.of(caller.tenantId(), after);
    Scope scope =
        scopeName == null ? null : CeilingPath.parse("scope", scopeName, Scope::ofWireName);
    String ofId = Ids.optional("id", id);
    if (scope == Scope.RUN && ofId == null) {
      throw RequestFields.invalid(
          "id", "is required with scope run: GET /budget/runs lists the runs");
    }
    List<Entry> found = new ArrayList<>();
    if (ofId != null || caller.role() == Role.AGENT) {
      named(caller, scope, ofId).forEach(listed -> add(found, listed, from));
    } else {
      collect(caller, scope, from, most, found);
    }
    if (found.size() < most) {
      return new Page<>(found, null);
    }
    List<Entry> entries = found.subList(0, most);
    return new Page<>(entries, CeilingCursor.name(entries.getLast()));
  }

  /// The ceilings of one id, or those that an agent may see. They are few enough to be read by
  /// their keys.
  private List<Listed> named(Caller caller, @Nullable Scope scope, @Nullable String id) {
    Stream<ScopeId> names =
        id != null
            ? Arrays.stream(Scope.values()).map(it -> new ScopeId(caller.tenantId(), it, id))
            : Stream.of(
                new ScopeId(caller.tenantId(), Scope.KEY, Objects.requireNonNull(caller.keyId())),
                new ScopeId(
                    caller.tenantId(), Scope.USER, Objects.requireNonNull(caller.userId())));
    return names
        .filter(it -> scope == null || it.scope() == scope)
        .filter(it -> CeilingPath.mayRead(caller, it))
        .sorted(CeilingCursor.ORDER)
        .map(it -> new Listed(it, ceilings(caller, it)))
        .toList();
  }

  private Map<CeilingWindow, Ceiling> ceilings(Caller caller, ScopeId scopeId) {
    if (scopeId.scope() != Scope.RUN) {
      return ceilings.now(scopeId).byWindow();
    }
    return VisibleRun.find(runs, caller, scopeId.id()).map(Run::ceilings).orElse(Map.of());
  }

  private void collect(
      Caller caller,
      @Nullable Scope scope,
      @Nullable CeilingCursor from,
      int most,
      List<Entry> found) {
    ScopeId next = from == null ? null : from.scopeId();
    if (next != null && scope != null && next.scope() != scope) {
      throw RequestFields.invalid("after", "is not of the scope that is listed");
    }
    while (found.size() < most) {
      // Reads one more than is wanted, because the first may be the last of the page before.
      List<Listed> some = ceilings.list(caller.tenantId(), scope, next, most + 1);
      ScopeId seen = next;
      some.stream()
          .filter(it -> !it.scopeId().equals(seen) || found.isEmpty())
          .forEach(listed -> add(found, listed, from));
      if (some.size() <= most) {
        return;
      }
      next = some.getLast().scopeId();
    }
  }

  private static void add(List<Entry> found, Listed listed, @Nullable CeilingCursor from) {
    Map<CeilingWindow, Ceiling> inOrder = new TreeMap<>(CeilingWindow.ORDER);
    inOrder.putAll(listed.byWindow());
    inOrder.forEach(
        (window, ceiling) -> {
          if (from == null || from.isBefore(listed.scopeId(), window)) {
            found.add(new Entry(listed.scopeId(), window, ceiling));
          }
        });
  }
}
