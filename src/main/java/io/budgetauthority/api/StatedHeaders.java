package io.budgetauthority.api;

import io.budgetauthority.input.Fields;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.Provider;
import java.util.List;

/// Makes one value of each header that names something, before a resource reads it. One that is
/// sent with nothing in it gets a 400 that names it, where the framework would take it for absent:
/// a call would be put into a run of its own, and a change made without its condition. Lines of one
/// name are one value (RFC 9110, section 5.3): the Lambda runtime splits at every comma, also
/// within a value, and of two keys that differ behind their comma the first line alone would make
/// one call.
@Provider
public final class StatedHeaders implements ContainerRequestFilter {

  private static final List<String> NAMES =
      List.of(BudgetHeaders.IDEMPOTENCY_KEY, BudgetHeaders.RUN_ID, HttpHeaders.IF_MATCH);

  @Override
  public void filter(ContainerRequestContext request) {
    MultivaluedMap<String, String> headers = request.getHeaders();
    for (String name : NAMES) {
      List<String> lines = headers.get(name);
      if (lines != null) {
        String value = String.join(",", lines);
        if (value.isBlank()) {
          throw Fields.invalid(name, "is there, and empty");
        }
        headers.putSingle(name, value);
      }
    }
  }
}
