package io.budgetauthority.tenant;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The ceilings of scope ids that have none of their own (protocol.md#ceiling-templates).
///
/// @param scope any but the tenant
/// @param idPattern the ids that it is for; null where it is for a request class
/// @param requestClass the class of the decisions whose new runs it is for; null where it is for
///   ids. Only a template of runs has one
public record CeilingTemplate(
    @JsonProperty("scope") Scope scope,
    @JsonProperty("id_pattern") @Nullable StarPattern idPattern,
    @JsonProperty("request_class") @Nullable String requestClass,
    @JsonProperty("ceilings") Map<CeilingWindow, Ceiling> ceilings) {

  public CeilingTemplate {
    ceilings = Map.copyOf(ceilings);
  }

  /// Whether it is for an id.
  ///
  /// @param askedClass the request class of the decision that makes a run; null for none
  boolean isFor(ScopeId scopeId, @Nullable String askedClass) {
    return scope == scopeId.scope()
        && (idPattern == null
            ? requestClass != null && requestClass.equals(askedClass)
            : idPattern.matches(scopeId.id()));
  }
}
