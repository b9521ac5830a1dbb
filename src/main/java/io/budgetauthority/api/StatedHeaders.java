package io.budgetauthority.api;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.Provider;
import java.util.List;

/// Makes one value of each header that names something, before a resource reads it.
///
/// Lines of one name are one value (RFC 9110, section 5.3). The Lambda runtime splits at every
/// comma, also within a value, so that of two keys which differ behind one the first line alone
/// would make one call.
///
/// One that is sent empty is no absent one, which the framework takes it for: a call would be put
/// into a run of its own, and a change made without its condition. A space is left in its place,
/// which has the form of no id and is no tag, so that the resource refuses it, once it knows its
/// caller.
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
