package io.budgetauthority.api.configuration;

import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import java.util.Comparator;

/// A place in the list, written `scope/id/window` as in a ceiling's path.
record CeilingCursor(ScopeId scopeId, CeilingWindow window) {

  /// The order of the list, which is the order of storage: by the names of scopes, then by ids.
  static final Comparator<ScopeId> ORDER =
      Comparator.comparing((ScopeId it) -> it.scope().wireName())
          .thenComparing(it -> StoredIds.escape(it.id()));

  static CeilingCursor of(String tenantId, String name) {
    int slash = name.indexOf('/');
    int last = name.lastIndexOf('/');
    if (slash < 0 || last <= slash + 1) {
      throw RequestFields.invalid("after", "must be the next of a page");
    }
    String id = Ids.require("after", name.substring(slash + 1, last));
    try {
      return new CeilingCursor(
          new ScopeId(tenantId, Scope.ofWireName(name.substring(0, slash)), id),
          CeilingWindow.ofWireName(name.substring(last + 1)));
    } catch (IllegalArgumentException e) {
      throw RequestFields.invalid("after", String.valueOf(e.getMessage()));
    }
  }

  static String name(CeilingList.Entry entry) {
    ScopeId scopeId = entry.scopeId();
    return scopeId.scope().wireName() + "/" + scopeId.id() + "/" + entry.window().wireName();
  }

  boolean isBefore(ScopeId other, CeilingWindow otherWindow) {
    int order = ORDER.compare(scopeId, other);
    return order < 0 || (order == 0 && CeilingWindow.ORDER.compare(window, otherWindow) < 0);
  }
}
