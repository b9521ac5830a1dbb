package io.budgetauthority.api.http;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.Provider;
import java.util.List;

/// Gives each header that names something one value before a resource reads it.
///
/// Several lines of one header are one value (RFC 9110, section 5.3). The Lambda runtime splits a
/// header at every comma, also within a value. If only the first line were read, two keys that
/// differ after a comma would be one key.
///
/// A header that is sent empty is not an absent one, but the framework treats it as absent. A call
/// would then get a run of its own, and a change would be made without its condition. This filter
/// replaces an empty value by a space. A space has the form of no id and is no tag, so the resource
/// refuses it after it has authenticated the caller.
@Provider
public final class StatedHeaders implements ContainerRequestFilter {

  private static final List<String> NAMES =
      List.of(BudgetHeaders.IDEMPOTENCY_KEY, BudgetHeaders.RUN_ID, HttpHeaders.IF_MATCH);

  private static final String NOTHING = " ";

  @Override
  public void filter(ContainerRequestContext request) {
    MultivaluedMap<String, String> headers = request.getHeaders();
    for (String name : NAMES) {
      List<String> lines = headers.get(name);
      if (lines != null) {
        String value = String.join(",", lines);
        headers.putSingle(name, value.isEmpty() ? NOTHING : value);
      }
    }
  }
}
