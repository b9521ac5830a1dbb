package io.budgetauthority.api.configuration;

import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.util.function.Function;

/// Reads the path of a ceiling: its scope, its id and its window (protocol.md#ceilings). A wrong
/// part gets a 400 problem that names it.
final class CeilingPath {

  private CeilingPath() {}

  static ScopeId scopeId(Caller caller, String scopeName, String id) {
    Scope scope = parse("scope", scopeName, Scope::ofWireName);
    if (scope == Scope.TENANT && !id.equals("-")) {
      throw RequestFields.invalid("id", "is - for the tenant");
    }
    return new ScopeId(caller.tenantId(), scope, Ids.require("id", id));
  }

  static CeilingWindow window(ScopeId scopeId, String windowName) {
    CeilingWindow window = parse("window", windowName, CeilingWindow::ofWireName);
    if (scopeId.scope() == Scope.RUN && window instanceof Window && window != Window.TOTAL) {
      throw RequestFields.invalid("window", "a run's limit is over total or a rate");
    }
    return window;
  }

  /// Reads a part, or a query parameter of the same name. A wrong one gets a 400 that names it.
  static <T> T parse(String name, String value, Function<String, T> convert) {
    try {
      return convert.apply(value);
    } catch (IllegalArgumentException e) {
      throw RequestFields.invalid(name, String.valueOf(e.getMessage()));
    }
  }

  /// Whether a caller may read a ceiling. An agent may read those of its own user and key. Only the
  /// run itself says who owns it, so an agent passes here for every run and is checked later.
  static boolean mayRead(Caller caller, ScopeId scopeId) {
    return caller.role() != Role.AGENT
        || switch (scopeId.scope()) {
          case USER -> scopeId.id().equals(caller.userId());
          case KEY -> scopeId.id().equals(caller.keyId());
          case RUN -> true;
          case TEAM, FEATURE, TENANT -> false;
        };
  }
}
